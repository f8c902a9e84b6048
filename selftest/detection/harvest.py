# SPDX-License-Identifier: Apache-2.0
"""Finding what a crash left on ROOTRAID, and judging it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from selftest.detection.outcome import Left, Outcome

from kdumpcheck.crash.story import Story
from kdumpcheck.dumps import Kind, Vmcore, inspect

_DUMP: Final = re.compile(r"(?:.*-)?\d{4}-\d\d-\d\d-\d\d(?:[-:]\d\d){1,2}|20\d{10}")
_LOG: Final = re.compile(r"dmesg(\.txt|\.\d{12})?|vmcore-dmesg\.txt")
#: Names of the file with the memory; kdump-tools takes its own for whole and renames it then.
_VMCORE: Final = re.compile(r"vmcore|(dump|vmcore)\.\d{12}")


@dataclass(frozen=True, slots=True)
class Crashed:
    """What was written down of a node just before its crash."""

    release: str
    upper: str
    """the upper layer's path on ROOTRAID; "." on a node that is no NCN"""
    known: frozenset[str]
    """directories of dumps there were, by their paths on ROOTRAID"""
    marker: str
    """a line written to its kernel log"""


def dump_directories(root: Path) -> Iterator[str]:
    """Every directory below `root` that is named as a dump is, by its path there; links are not followed."""
    for place, names, _ in os.walk(root):
        for name in names:
            path = Path(place, name)
            if _DUMP.fullmatch(name) and not path.is_symlink():
                yield str(path.relative_to(root))


def harvest(root: Path, crashed: Crashed, story: Story, ended: str) -> Outcome:
    """The outcome of a crash by what is on ROOTRAID now; the best dump counts where there are several."""
    new = sorted(set(dump_directories(root)) - crashed.known)
    found = [_judge(root, path, crashed, story, ended) for path in new]
    order = list(Left)
    nothing = Outcome(left=Left.NONE, ended=ended, phases=story.phases)
    return min(found, key=lambda outcome: order.index(outcome.left), default=nothing)


def _judge(root: Path, path: str, crashed: Crashed, story: Story, ended: str) -> Outcome:
    directory = root / path
    files = tuple(sorted(each.name for each in directory.iterdir()))
    vmcore = next((directory / name for name in files if _VMCORE.fullmatch(name)), directory / "vmcore")
    if not vmcore.is_file():
        return Outcome(left=Left.NONE, ended=ended, phases=story.phases, path=path, files=files)
    with vmcore.open("rb") as stream:
        found = inspect(stream)
    problem = _problem(directory, found, crashed)
    visible = path.startswith(f"{crashed.upper}/var/crash/".removeprefix("./"))
    left = Left.UNUSABLE if problem else Left.DUMP if visible else Left.ELSEWHERE
    return Outcome(
        left=left,
        ended=ended,
        phases=story.phases,
        path=path,
        problem=problem,
        files=files,
        size=found.size,
        kind=found.kind.value,
    )


def _problem(directory: Path, vmcore: Vmcore, crashed: Crashed) -> str:
    """Why this is no dump of this crash, or nothing."""
    if vmcore.kind is Kind.NONE or not vmcore.complete:
        return str(vmcore.problem)
    if vmcore.release != crashed.release:
        return f"of {vmcore.release}, not of {crashed.release}"
    logs = [each for each in directory.iterdir() if _LOG.fullmatch(each.name) and each.is_file()]
    if logs and not any(crashed.marker.encode() in log.read_bytes() for log in logs):
        return "the log beside it is of another crash"
    return ""
