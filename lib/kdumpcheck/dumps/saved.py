# SPDX-License-Identifier: Apache-2.0
"""A dump as it lies in a directory: its vmcore, or all parts of it, and what was saved beside."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kdumpcheck.dumps.beside import LOG_NAMES, README, TAIL, panic_line, readme_word
from kdumpcheck.dumps.contents import Part
from kdumpcheck.dumps.verdict import Problem, Verdict, broken, cut
from kdumpcheck.dumps.vmcore import Vmcore, inspect_window
from kdumpcheck.dumps.window import FileWindow

_VMCORE = re.compile(r"vmcore\d*|vmcore\.flat|vmcore-incomplete|vmcore\.\d{12}|dump\.\d{12}|dump-incomplete")
_PART = re.compile(r"(.*?)\d+", re.DOTALL)
#: Seconds since the last write in which a dump may still be being saved.
_FRESH = 60
_MOST_NAMES = 10_000


class UnreadableError(OSError):
    """A file or directory cannot be looked at; the text is one line: what, and why."""


@dataclass(frozen=True, slots=True)
class File:
    """One vmcore, or one part of it, with the bytes that were read to tell."""

    path: Path
    vmcore: Vmcore
    taken: int


@dataclass(frozen=True, slots=True)
class Saved:
    """A dump: its files, in the order of the memory they hold, and what is beside them (None: it is not there)."""

    place: Path
    """what was asked for"""
    files: tuple[File, ...]
    flaw: Problem | None
    """what is wrong with it as a whole, None when it can be used"""
    readme: str | None
    panic: str | None

    @property
    def verdict(self) -> Verdict:
        """The verdict on all of it."""
        return self.flaw.verdict if self.flaw is not None else Verdict.COMPLETE


def read_saved(place: Path) -> Saved:
    """Look at a vmcore, with all parts where it is one of several, or at the dump in a directory.

    Raises `UnreadableError`.
    """
    if _is_directory(place):
        directory, files = place, tuple(map(_read, _dump_in(place)))
    else:
        directory, files = place.parent, (_read(place),)
        if files[0].vmcore.told.part is not None:
            files = tuple(map(_read, _siblings(place)))
    files = tuple(sorted(files, key=_order))
    logs = (_beside(directory / name) for name in _names(directory) if LOG_NAMES.fullmatch(name))
    panics = (panic_line(log) for log in logs if log is not None)
    readme = _beside(directory / README)
    return Saved(
        place,
        files,
        flaw_of([(each.path.name, each.vmcore) for each in files]),
        None if readme is None else readme_word(readme),
        next((panic for panic in panics if panic), None),
    )


def flaw_of(files: Sequence[tuple[str, Vmcore]]) -> Problem | None:
    """What is wrong with files, by name, that are one dump together."""
    if not files:
        return cut("there is no vmcore")
    flaws = [(name, vmcore.flaw) for name, vmcore in files if vmcore.flaw is not None]
    if flaws:
        name, flaw = flaws[0]
        return flaw if len(files) == 1 else Problem(flaw.verdict, f"{name}: {flaw.reason}")
    parts = [vmcore.told.part for _, vmcore in files]
    if all(part is not None for part in parts):
        told = {(vmcore.release, vmcore.crash_time) for _, vmcore in files}
        missing = missing_of([part for part in parts if part is not None])
        return broken("its parts are of different dumps") if len(told) > 1 else missing
    return broken("it is one dump together with parts of another") if any(parts) else None


def missing_of(parts: Sequence[Part]) -> Problem | None:
    """What is missing between the parts of a dump."""
    reached, whole = 0, max(part.whole for part in parts)
    for part in sorted(parts, key=lambda each: (each.start, each.end)):
        if part.start > reached:
            return cut(f"the part with page frames {reached} to {part.start} is not there")
        if part.start < reached and part.start < part.end:
            return broken("two of its parts hold the same pages")
        reached = max(reached, part.end)
    return cut(f"the part with page frames {reached} to {whole} is not there") if reached < whole else None


def _is_directory(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.stat().st_mode)
    except OSError as error:
        raise UnreadableError(f"{place}: {error.strerror}") from None


def _order(file: File) -> tuple[int, int, str]:
    part = file.vmcore.told.part
    return (part.start, part.end, file.path.name) if part is not None else (0, 0, file.path.name)


def _dump_in(directory: Path) -> tuple[Path, ...]:
    names = _names(directory)
    found = tuple(directory / name for name in names if _VMCORE.fullmatch(name))
    if not found and README not in names and not any(map(LOG_NAMES.fullmatch, names)):
        raise UnreadableError(f"{directory}: there is no dump in it; name a vmcore, or the directory of one dump")
    return found


def _siblings(path: Path) -> tuple[Path, ...]:
    """All files that are called as this one, but for the number at the end."""
    found = _PART.fullmatch(path.name)
    if found is None:
        return (path,)
    alike = re.compile(re.escape(found[1]) + r"\d+")
    return tuple(path.parent / name for name in _names(path.parent) if alike.fullmatch(name))


def _names(directory: Path) -> list[str]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False))
    except OSError as error:
        raise UnreadableError(f"{directory}: {error.strerror}") from None


def _read(path: Path) -> File:
    try:
        with _opened(path) as stream:
            window = FileWindow(stream)
            found = inspect_window(window)
            after = os.fstat(stream.fileno())
    except OSError as error:
        raise UnreadableError(error.args[0] if not error.strerror else f"{path}: {error.strerror}") from None
    return File(path, _while_saving(found, after), window.taken)


def _opened(path: Path) -> BinaryIO:
    # Without O_NONBLOCK a FIFO would be waited for; without a buffer no more is read than is asked for.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UnreadableError(f"{path}: it is no regular file")
    return os.fdopen(descriptor, "rb", buffering=0)


def _while_saving(found: Vmcore, after: os.stat_result) -> Vmcore:
    """The same, when it grew meanwhile or was written just now: it may still be being saved."""
    if after.st_size != found.size:
        flaw = cut("it changed while it was looked at: it is still being saved")
    elif found.flaw is not None and found.flaw.verdict is Verdict.INCOMPLETE and _age(after) < _FRESH:
        flaw = cut(f"{found.flaw.reason} (written {_age(after):.0f} s ago: is it still being saved?)")
    else:
        return found
    return Vmcore(found.kind, found.size, flaw, found.told, found.inner)


def _age(status: os.stat_result) -> float:
    age = time.time() - status.st_mtime
    return age if age >= 0 else float("inf")


def _beside(path: Path) -> bytes | None:
    """The end of a file that is beside a vmcore; None when it is not there or cannot be read."""
    try:
        with _opened(path) as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - TAIL))
            return stream.read(TAIL)
    except OSError:
        return None
