# SPDX-License-Identifier: Apache-2.0
"""Processes the lab has started: remembered so that no other process is ever taken for one of them.

A pid alone may have been given to somebody else since. So a process is a pid and its start time, and a signal goes
through a pidfd whose process was looked at after it was opened. What a killed `lab up` had no time to write down is
found by a mark in its environment.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.files import read_json, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MARK: Final = "KDUMPCHECK_LAB"
"""Environment variable of every process of a lab: the lab's state directory."""

RECORD: Final = "process.json"
"""File name of a process record, in the directory of what the process runs."""

_KILLED_WITHIN: Final = 60.0
_DEAD: Final = frozenset("ZXx")
_children: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """One running (or ended) process: its pid and when it started, in clock ticks since boot (proc(5), stat)."""

    pid: int
    started: int

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The process that has this pid now, or None."""
        stat = _stat(pid)
        return None if stat is None else cls(pid, stat[1])

    @classmethod
    def load(cls, directory: Path) -> Process | None:
        """The process recorded in a directory, or None when there is no record; it may have ended since."""
        record = read_json(directory / RECORD)
        return None if record is None else cls(int(record["pid"]), int(record["started"]))

    @classmethod
    def running(cls, directory: Path) -> Process | None:
        """The process recorded in a directory, or None when it does not run."""
        process = cls.load(directory)
        return process if process is not None and process.alive else None

    def save(self, directory: Path) -> None:
        """Write the record `load` reads."""
        write_json(directory / RECORD, {"pid": self.pid, "started": self.started})

    @property
    def alive(self) -> bool:
        """Whether this very process is still running; a zombie is not."""
        child = _children.get(self.pid)
        if child is not None:
            child.poll()
        stat = _stat(self.pid)
        return stat is not None and stat[1] == self.started and stat[0] not in _DEAD

    def send(self, number: signal.Signals) -> None:
        """Send a signal to this process, and to no other that has its pid by now."""
        with self._pinned() as descriptor:
            if descriptor is not None and self.alive:
                with suppress(ProcessLookupError):  # it ended, and was waited for, in this very moment
                    signal.pidfd_send_signal(descriptor, number)

    def stop(self, grace: float = 0.0) -> None:
        """End the process: SIGTERM and `grace` seconds to leave in order, then SIGKILL. Raises `LabError`."""
        if grace > 0:
            self.send(signal.SIGTERM)
            if self.ended_within(grace):
                return
        self.send(signal.SIGKILL)
        if not self.ended_within(_KILLED_WITHIN):
            raise LabError(f"process {self.pid} does not end, not even by SIGKILL; it may hang in a device")

    def ended_within(self, seconds: float) -> bool:
        """Wait until the process has ended, at most so many seconds."""
        deadline = Deadline(seconds, f"process {self.pid} ends")
        while self.alive and not deadline.expired:
            time.sleep(0.02)  # not `Deadline.poll`: cleaning up after Ctrl-C must not be cut short by that Ctrl-C
        return not self.alive

    @contextmanager
    def _pinned(self) -> Iterator[int | None]:
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            yield None
            return
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def spawn(argv: Sequence[str], *, lab: Path, directory: Path, log: str) -> Process:
    """Start a program in a directory, marked as the lab's; it outlives this command and is recorded there.

    Its output goes to the file `log` there. It is in a session of its own, so Ctrl-C here does not reach it.
    """
    # Open descriptors of ours, the lab's lock among them, are closed by the exec. Until then the child holds the
    # lock, so a `lab down` cannot slip into the moment before the mark is in place.
    with (directory / log).open("ab") as stream:
        child = subprocess.Popen(
            argv,
            cwd=directory,
            env={**os.environ, MARK: str(lab)},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            start_new_session=True,
        )
    _children[child.pid] = child
    process = Process.of(child.pid)
    if process is None:  # a child not waited for keeps its entry in /proc, so this is a broken /proc
        raise LabError(f"{argv[0]}: started as process {child.pid}, which /proc does not show")
    process.save(directory)
    return process


def marked(lab: Path) -> list[Process]:
    """Every running process that carries the mark of this lab, whether recorded or not."""
    wanted = f"{MARK}={lab}".encode()
    entries = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit() and int(entry.name) != os.getpid()]
    if any(_between_programs(entry) for entry in entries):
        time.sleep(0.05)  # for a moment in its exec, a process has no environment to be seen
    candidates = [Process.of(int(entry.name)) for entry in entries if wanted in _environment(entry)]
    return [process for process in candidates if process is not None and process.alive]


def _between_programs(entry: Path) -> bool:
    """Whether a process shows no environment although it runs a program, as none but kernel threads and zombies do."""
    return _environment(entry) == [b""] and (entry / "exe").exists()


def _environment(entry: Path) -> list[bytes]:
    try:
        return (entry / "environ").read_bytes().split(b"\0")
    except OSError:  # it has ended, or is somebody else's
        return []


def _stat(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name in parentheses may hold anything, so count from the last one.
    fields = text.rpartition(")")[2].split()
    return fields[0], int(fields[19])
