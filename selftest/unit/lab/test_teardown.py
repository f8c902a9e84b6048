# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.process import Process, spawn
from kdumpcheck.lab.state import StateDir
from kdumpcheck.lab.teardown import Leftovers, find_leftovers, tear_down


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    made = StateDir(tmp_path / "lab")
    made.create()
    return made


def start(state: StateDir, *argv: str) -> Process:
    return spawn(argv, lab=state.root, directory=state.root, log="log")


def test_all_processes_end_and_all_files_go(state: StateDir) -> None:
    processes = [start(state, "sleep", "60"), start(state, "sh", "-c", "trap '' TERM; sleep 60 & wait")]
    state.inventory.touch()
    tear_down(state)
    assert not any(process.alive for process in processes)
    assert not state.root.exists()
    assert not find_leftovers(state.root)


def test_one_that_starts_another_while_it_is_taken_down_does_not_get_away(state: StateDir) -> None:
    start(state, "sh", "-c", "while :; do sleep 60 & sleep 0.01; done")
    tear_down(state)
    assert find_leftovers(state.root).processes == ()


def test_a_lab_that_is_not_there_is_taken_down_without_a_word(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "lab")
    with state.locked():
        tear_down(state)
    assert not state.root.exists()


def test_another_lab_is_left_alone(state: StateDir, tmp_path: Path) -> None:
    other = StateDir(tmp_path / "lab2")  # its path begins like the first one's
    other.create()
    process = start(other, "sleep", "60")
    tear_down(state)
    assert process.alive
    assert other.root.exists()
    tear_down(other)
    assert not process.alive


def test_what_would_not_go_is_named(state: StateDir, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = Leftovers(processes=(), loops=("/dev/loop7",), mounts=("/x",), groups=())
    monkeypatch.setattr("kdumpcheck.lab.teardown.find_leftovers", lambda _lab: stuck)
    monkeypatch.setattr("kdumpcheck.lab.teardown._remove", lambda *_: None)
    monkeypatch.setattr("kdumpcheck.lab.teardown._SETTLE_SECONDS", 0.2)
    with pytest.raises(LabError, match=r"still there: /dev/loop7, /x"):
        tear_down(state)


def test_nothing_left_reads_as_nothing() -> None:
    assert str(Leftovers((), (), (), ())) == "nothing"
    assert str(Leftovers((7,), (), (), ())) == "process 7"
