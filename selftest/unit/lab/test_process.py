# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.process import MARK, Process, marked, spawn

SLEEP = ["sleep", "600"]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    return tmp_path


def start(lab: Path, argv: list[str] = SLEEP) -> Process:
    return spawn(argv, lab=lab, directory=lab, log="log")


def test_a_recorded_process_is_found_again_and_stopped(lab: Path) -> None:
    started = start(lab)
    found = Process.load(lab)
    assert found is not None
    assert [started.alive, found == started] == [True, True]
    found.stop()
    assert [started.alive, found.alive] == [False, False]
    found.stop()  # ended already: nothing happens


def test_a_recycled_pid_is_never_signalled(lab: Path) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        identity = Process.of(stranger.pid)
        assert identity is not None
        ours = Process(stranger.pid, identity.started - 1)  # the one we started had this pid, and ended since
        ours.send(signal.SIGKILL)
        ours.stop()
        assert is_running(stranger)
    finally:
        stranger.kill()
        stranger.wait()


def test_sigterm_is_given_time_before_sigkill(lab: Path) -> None:
    polite = start(lab, ["sh", "-c", "trap 'echo left in order; exit' TERM; echo ready; while :; do sleep 0.05; done"])
    wait_for(lab / "log", "ready")
    polite.stop(grace=60.0)
    assert "left in order" in (lab / "log").read_text()


def test_sigkill_comes_when_sigterm_is_ignored(lab: Path) -> None:
    stubborn = start(lab, ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"])
    wait_for(lab / "log", "ready")
    stubborn.stop(grace=0.2)
    assert not stubborn.alive


def test_a_zombie_counts_as_ended(lab: Path) -> None:
    child = subprocess.Popen(["true"])
    process = Process.of(child.pid)
    assert process is not None
    assert process.ended_within(60.0)
    child.wait()


def test_a_process_without_a_record_is_found_by_its_mark(lab: Path) -> None:
    process = start(lab)
    (lab / "process.json").unlink()
    assert marked(lab) == [process]
    assert marked(lab / "other") == []
    process.stop()
    assert marked(lab) == []


def test_a_grandchild_has_the_mark_too(lab: Path) -> None:
    start(lab, ["sh", "-c", "sleep 600 & echo ready; wait"])
    wait_for(lab / "log", "ready")
    assert len(marked(lab)) == 2
    for process in marked(lab):
        process.stop()


def test_a_started_program_does_not_hold_our_descriptors(lab: Path) -> None:
    ours = os.open(lab, os.O_RDONLY)
    os.set_inheritable(ours, False)
    process = start(lab, [sys.executable, "-c", "import os; print(*os.listdir('/proc/self/fd'), flush=True)"])
    assert process.ended_within(60.0)
    os.close(ours)
    assert str(ours) not in (lab / "log").read_text().split()


def test_a_process_is_in_a_session_of_its_own(lab: Path) -> None:
    process = start(lab)
    assert os.getsid(process.pid) == process.pid
    process.stop()


def test_a_missing_program_is_an_error_of_the_caller(lab: Path) -> None:
    with pytest.raises(FileNotFoundError):
        start(lab, ["no-such-program-here"])
    assert Process.load(lab) is None


def test_a_broken_record_names_its_file(lab: Path) -> None:
    (lab / "process.json").write_text("{")
    with pytest.raises(LabError, match=r"process\.json: cannot be read"):
        Process.load(lab)


def test_the_mark_is_not_in_our_own_environment() -> None:
    assert MARK not in os.environ


def is_running(child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is None


def wait_for(path: Path, text: str) -> None:
    end = time.monotonic() + 60
    while text not in path.read_text():
        assert time.monotonic() < end, f"{text!r} did not appear"
        time.sleep(0.01)


def test_a_process_that_ends_in_the_moment_of_the_signal_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(descriptor: int, number: int) -> None:
        raise ProcessLookupError(3, "No such process")

    me = Process.of(os.getpid())
    assert me is not None
    monkeypatch.setattr(signal, "pidfd_send_signal", gone)
    me.send(signal.SIGCONT)
