# SPDX-License-Identifier: Apache-2.0
"""Run a program once and say what it cost: wall and CPU seconds of it and its children, and its memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from selftest.net.sshd import descendants

#: An operator's shell does not have it; with it every start would compile all modules anew.
_NOT_AN_OPERATORS = ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTEST_ADDOPTS")
_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run cost. `peak` is the largest single process in MiB, `tree` all at once (None: not looked at)."""

    wall: float
    cpu: float
    peak: float
    exit_code: int
    output: str
    tree: float | None = None


def run(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: Path, timeout: float = 900, memory: bool = False
) -> Cost:
    """Run a program; with `memory` its process tree is sampled meanwhile, which costs time, so take no times of it."""
    began = time.monotonic()
    with output.open("wb") as file:
        process = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
    tree = _Tree(process.pid) if memory else None
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    try:
        # wait4 gives what this child and its children used, which getrusage() would mix with earlier ones.
        _, status, used = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    finally:
        watchdog.cancel()
    wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    text = output.read_text(encoding="utf-8", errors="replace")
    cost = Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode, text)
    return replace(cost, tree=tree.stop()) if tree is not None else cost


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of an operator with an empty home directory."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_AN_OPERATORS}
    return {**kept, "HOME": str(home), **more}


class _Tree:
    """Samples the proportional memory (PSS) of a process and all below it."""

    def __init__(self, pid: int) -> None:
        self._pid, self._most, self._stop = pid, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """The most that was seen, in MiB."""
        self._stop.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._stop.wait(_SAMPLE_SECONDS):
            pids = [self._pid, *descendants(self._pid)]
            self._most = max(self._most, sum(_pss(pid) for pid in pids) / 1024)


def _pss(pid: int) -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0
