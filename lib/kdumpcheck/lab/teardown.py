# SPDX-License-Identifier: Apache-2.0
"""Taking a lab away, whole or in pieces: also one whose `lab up` was killed half-way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import cgroups, limits
from kdumpcheck.lab.addresses import release_block
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.process import Process, marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kdumpcheck.lab.state import StateDir

_KILLED_WITHIN: Final = 5.0
_SETTLE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Leftovers:
    """What is still there of a lab."""

    processes: tuple[int, ...]
    loops: tuple[str, ...]
    mounts: tuple[str, ...]
    groups: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.processes or self.loops or self.mounts or self.groups)

    def __str__(self) -> str:
        pids = [f"process {pid}" for pid in self.processes]
        return ", ".join([*pids, *self.loops, *self.mounts, *self.groups]) or "nothing"


def tear_down(state: StateDir) -> None:
    """End every process of a lab and remove everything it made; raises `LabError` naming what would not go.

    The inventory goes first, so that nobody is sent to nodes that are about to end.
    """
    state.inventory.unlink(missing_ok=True)
    _end_all(state.root)
    limits.put_back(state.root)
    deadline = Deadline(_SETTLE_SECONDS, "the lab's last traces go")
    while leftovers := find_leftovers(state.root):
        _remove(leftovers, state.root)
        if deadline.expired:
            raise LabError(f"the lab is down, but this is still there: {leftovers}")
        deadline.interrupted.wait(0.1)
    release_block(state.root)
    if state.root.exists():
        shutil.rmtree(state.root)


def end_strays(state: StateDir, made: Iterable[str]) -> None:
    """End what a `lab up` that was cut short has left running: all but the BMCs and the nodes that were made.

    Each thing the lab starts leads a session of its own, so what it has started in turn is told by that.
    """
    directories = [state.bmc, *(state.node(name) for name in made)]
    recorded = [Process.running(directory) for directory in directories]
    leaders = {process.pid for process in recorded if process is not None}
    for process in marked(state.root):
        if _session(process) not in leaders:
            process.stop()
    shutil.rmtree(state.work, ignore_errors=True)


def _session(process: Process) -> int | None:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return None


def find_leftovers(lab: Path) -> Leftovers:
    """What there is of a lab outside of its directory."""
    return Leftovers(
        processes=tuple(process.pid for process in marked(lab)),
        loops=tuple(_loops(lab)),
        mounts=tuple(_mounts(lab)),
        groups=tuple(map(str, cgroups.left(cgroups.lab_group(lab)))),
    )


def _end_all(lab: Path) -> None:
    """End all processes at once; again, until none has started another meanwhile. Their disks go, too: no grace."""
    deadline = Deadline(_SETTLE_SECONDS, "the lab's processes end")
    while processes := marked(lab):
        if deadline.expired:
            raise LabError(f"process {processes[0].pid} of the lab does not end; it may hang in a device")
        for process in processes:
            process.send(signal.SIGKILL)
        for process in processes:
            process.ended_within(_KILLED_WITHIN)


def _remove(leftovers: Leftovers, lab: Path) -> None:
    for mount in reversed(leftovers.mounts):
        _quietly("umount", mount)
    for loop in leftovers.loops:
        _quietly("losetup", "--detach", loop)
    cgroups.remove(cgroups.lab_group(lab))


def _quietly(*argv: str) -> None:
    # What it was to remove may have gone by itself meanwhile; `find_leftovers` has the last word.
    subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SETTLE_SECONDS, check=False)


def _loops(lab: Path) -> list[str]:
    """Loop devices whose file is in the lab's directory."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            file = backing.read_text(encoding="utf-8", errors="surrogateescape").strip()
        except OSError:  # detached just now
            continue
        if Path(file.removesuffix(" (deleted)")).is_relative_to(lab):
            found.append(f"/dev/{backing.parts[3]}")
    return found


def _mounts(lab: Path) -> list[str]:
    """Mount points in the lab's directory, outer ones first."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [point for point in points if Path(point).is_relative_to(lab)]
