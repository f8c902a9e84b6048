# SPDX-License-Identifier: Apache-2.0
"""What a killed test run has left is taken down by the next, also when that is several processes at once."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from selftest.lab.live import homes, new_lab, remove_orphans

from kdumpcheck.lab.process import Process

AT_ONCE = 4


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def leave(number: int) -> Path:
    """The home of a lab whose process is gone: its pid is somebody else's now, who started at another time."""
    home = homes() / f"{os.getpid()}-{number}-vms0"
    (home / "kdumpcheck" / "lab" / "nodes" / "ncn-m001").mkdir(parents=True)
    return home


def test_processes_that_begin_at_once_do_not_stumble_over_each_other() -> None:
    orphans = [leave(number) for number in range(20)]
    together = Barrier(AT_ONCE)

    def begin() -> None:
        together.wait()
        remove_orphans()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for begun in [pool.submit(begin) for _ in range(AT_ONCE)]:
            begun.result()
    assert not any(orphan.exists() for orphan in orphans)


def test_the_lab_of_a_running_test_is_left_alone() -> None:
    orphan, mine = leave(1), new_lab("vms0")
    remove_orphans()
    assert mine.home.is_dir()
    assert not orphan.exists()
    me = Process.of(os.getpid())
    assert me is not None
    assert mine.home.name.startswith(f"{me.pid}-{me.started}-")
