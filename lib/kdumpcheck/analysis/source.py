# SPDX-License-Identifier: Apache-2.0
"""What is there to analyze: a dump's directory here or on a node, or a log alone."""

from __future__ import annotations

import re
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.analysis.lines import LIMIT
from kdumpcheck.dumps import NodeFile, NodeFileError
from kdumpcheck.dumps.beside import LOG_NAMES, README, readme_release, shown
from kdumpcheck.dumps.saved import UnreadableError, read_saved
from kdumpcheck.dumps.text import sentence
from kdumpcheck.dumps.verdict import Verdict
from kdumpcheck.listing.row import NodeDumps, Row

#: Runs a sh script as root where the dump is and gives what it printed.
Run = Callable[[str], bytes]
_VMCORE = re.compile(r"(?!vmcore-dmesg)(?:vmcore.*|dump\..*)")
#: By which a node's dump of each kdump is looked for; a file with a time in its name is only found here.
_REMOTE_LOGS = ("dmesg.txt", "dmesg", "vmcore-dmesg.txt")


@dataclass(frozen=True, slots=True)
class Given:
    """A dump, or what there is of one."""

    place: str
    """where it is, as an operator would name it"""
    directory: str | None
    """the directory it is in, where it is; None for a log alone"""
    log: bytes = b""
    log_name: str | None = None
    release: str | None = None
    """of the kernel that died, by the vmcore itself, or else by README.txt"""
    vmcores: tuple[str, ...] = ()
    """the names of the files that hold its memory: one, or all parts of it"""
    verdict: str | None = None
    """whether the vmcore is whole, in words; None where there is none"""
    whole: bool = False
    readme: bytes | None = None


class NothingError(Exception):
    """There is nothing to analyze; the text is one line: what was looked for, and where."""


def here(path: Path) -> Given:
    """What is at a path of this machine: a dump's directory, its vmcore, or a log. Raises `NothingError`."""
    try:
        directory = stat.S_ISDIR(path.stat().st_mode)
        if not directory and not _VMCORE.fullmatch(path.name):
            return Given(str(path), None, _tail(path), path.name)
        saved = read_saved(path)
    except UnreadableError as error:
        raise NothingError(str(error)) from None
    except OSError as error:
        raise NothingError(f"{path}: {error.strerror}") from None
    place = path if directory else path.parent
    log = next((each for each in sorted(place.iterdir()) if LOG_NAMES.fullmatch(each.name) and each.is_file()), None)
    readme = _tail(place / README) if (place / README).is_file() else None
    told = (file.vmcore.told.release for file in saved.files)
    return Given(
        str(path),
        str(place.resolve()),
        b"" if log is None else _tail(log),
        None if log is None else log.name,
        next((release for release in told if release), None) or readme_release(readme or b""),
        tuple(file.path.name for file in saved.files),
        sentence(saved.verdict, saved.flaw),
        saved.flaw is None,
        readme,
    )


def on_node(dumps: NodeDumps, name: str | None, run: Run) -> Given:
    """A dump of a node: the newest, or the one of this name. Raises `NothingError`."""
    row = _chosen(dumps, name)
    directory = f"{row.place}/{row.name}"
    logs = ((name, _remote_tail(run, f"{directory}/{name}")) for name in _REMOTE_LOGS)
    log_name, log = next(((name, log) for name, log in logs if log is not None), (None, b""))
    readme = _remote_tail(run, f"{directory}/{README}")
    return Given(
        f"{dumps.node}:{directory}",
        directory,
        log or b"",
        log_name,
        row.release or readme_release(readme or b""),
        row.vmcores,
        f"{row.verdict or 'unknown'}{f': {row.problem}' if row.problem else ''}",
        row.verdict is Verdict.COMPLETE,
        readme,
    )


def _remote_tail(run: Run, path: str) -> bytes | None:
    """The end of a file on a node; None when it is not there or cannot be read."""
    try:
        file = NodeFile(run, path)
        return file.read(max(0, file.size - LIMIT), LIMIT)
    except NodeFileError:
        return None


def _chosen(dumps: NodeDumps, name: str | None) -> Row:
    if dumps.failure is not None:
        raise NothingError(f"{dumps.node}: {dumps.failure}")
    if not dumps.rows:
        raise NothingError(f"{dumps.node}: there is no dump on it")
    if name is None:
        return dumps.rows[0]
    for row in dumps.rows:
        if name.rstrip("/") in (row.name, f"{row.place}/{row.name}", f"/var/crash/{row.name}"):
            return row
    names = ", ".join(row.name for row in dumps.rows[:5])
    raise NothingError(f"{dumps.node}: there is no dump {shown(name)}; there are {names} (kdumpcheck dumps lists all)")


def _tail(path: Path) -> bytes:
    # Before it is opened: a pipe that nobody writes to would keep us waiting there.
    if not stat.S_ISREG(path.stat().st_mode):
        raise NothingError(f"{path}: it is no regular file")
    with path.open("rb") as stream:
        stream.seek(0, 2)
        stream.seek(max(0, stream.tell() - LIMIT))
        return stream.read(LIMIT)
