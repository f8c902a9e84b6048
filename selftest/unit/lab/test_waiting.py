# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import _thread
import io
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.parallel import for_each
from kdumpcheck.lab.progress import Progress
from kdumpcheck.lab.ssh import run_bounded


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The event of Ctrl-C, for this test alone: a thread that has yet to look at it finds this one."""
    event, before = threading.Event(), set(threading.enumerate())
    monkeypatch.setattr(Deadline, "interrupted", event)
    yield event
    event.set()
    for thread in set(threading.enumerate()) - before:
        # A pool whose interrupt came while it started a thread does not know that thread, and has not waited for it.
        thread.join(timeout=120)


def test_what_comes_true_is_given_back() -> None:
    answers = iter(["", "", "there"])
    assert Deadline(120, "x").poll(lambda: next(answers), every=0.001) == "there"


def test_what_never_comes_costs_the_deadline_and_says_what_it_was() -> None:
    begin = time.monotonic()
    with pytest.raises(LabError, match=r"^sshd answers: not within 0\.1 s$"):
        Deadline(0.1, "sshd answers").poll(lambda: False)
    assert time.monotonic() - begin < 60


def test_it_is_asked_once_even_when_time_is_over() -> None:
    assert Deadline(0, "x").poll(lambda: "at once") == "at once"


def test_an_interrupt_ends_every_wait(interrupt: threading.Event) -> None:
    threading.Timer(0.1, interrupt.set).start()
    begin = time.monotonic()
    with pytest.raises(LabError, match="interrupted"):
        Deadline(600, "x").poll(lambda: False, every=300)
    assert time.monotonic() - begin < 60


def test_all_items_are_done_and_each_failure_is_told() -> None:
    done = []

    def work(item: int) -> None:
        if item % 2:
            raise LabError(f"item {item} is odd")
        done.append(item)

    assert for_each(range(6), work, width=3) == ["item 1 is odd", "item 3 is odd", "item 5 is odd"]
    assert sorted(done) == [0, 2, 4]
    assert for_each([], work, width=0) == []


def test_no_more_than_so_many_at_once() -> None:
    running, most, lock = 0, 0, threading.Lock()
    both = threading.Barrier(2, timeout=600)

    def work(_item: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        both.wait()  # breaks unless two really are here together
        time.sleep(0.02)  # long enough for the others to come in, if they may
        with lock:
            running -= 1

    for_each(range(8), work, width=2)
    assert most == 2


def test_a_mistake_of_ours_is_not_hidden_among_errors() -> None:
    def work(_item: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        for_each([1], work, width=1)


def test_ctrl_c_wakes_the_other_threads_and_comes_through(interrupt: threading.Event) -> None:
    def work(item: int) -> None:
        if item == 0:
            _thread.interrupt_main()  # what Ctrl-C does
        Deadline(600, "x").poll(lambda: False, every=300)

    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        for_each([0, 1], work, width=2)
    assert time.monotonic() - begin < 60


def test_a_program_is_given_its_input_and_gives_its_output() -> None:
    much = b"x" * 1_000_000
    done = run_bounded(["sh", "-c", "sleep 0.5; cat; echo no >&2; exit 3"], much, Deadline(120, "x"))
    assert (done.returncode, done.stdout, done.stderr) == (3, much, b"no\n")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    begin = time.monotonic()
    with pytest.raises(LabError, match=r"it ends: not within 2 s"):
        run_bounded(["sh", "-c", f"echo $$ >{tmp_path}/pid; exec sleep 600"], b"", Deadline(2, "it ends"))
    assert time.monotonic() - begin < 60
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()


def test_an_interrupt_ends_a_program_that_is_waited_for(interrupt: threading.Event) -> None:
    threading.Timer(0.2, interrupt.set).start()
    begin = time.monotonic()
    with pytest.raises(LabError, match="interrupted"):
        run_bounded(["sleep", "600"], b"", Deadline(600, "x"))
    assert time.monotonic() - begin < 60


def test_each_line_has_its_time() -> None:
    stream = io.StringIO()
    tell = Progress(stream)
    tell("seed: boots")
    assert stream.getvalue().startswith("[   0.0 s] seed: boots\n")
