# SPDX-License-Identifier: Apache-2.0
"""Deadlines, and the watchdog that enforces them."""

from __future__ import annotations

import threading
import time

from kdumpcheck.transport import Deadline
from kdumpcheck.transport.watchdog import Watchdog


def test_time_runs_out() -> None:
    deadline = Deadline.after(3600)
    assert 0 < deadline.remaining() <= 3600
    assert not deadline.expired
    deadline = Deadline.after(0.05)
    time.sleep(0.06)
    assert deadline.remaining() == 0
    assert deadline.expired


def test_the_sooner_of_two() -> None:
    deadline = Deadline.after(10)
    assert deadline.within(None) == deadline
    assert deadline.within(20) == deadline
    assert deadline.within(1).remaining() <= 1


def test_the_watchdog_closes_what_is_late_and_nothing_else() -> None:
    watchdog, closed = Watchdog(), list[str]()
    late, soon = threading.Event(), Deadline.after(2)
    with watchdog.guard(Deadline.after(3600), lambda: closed.append("patient")):
        with watchdog.guard(soon, lambda: closed.append("quick")):
            pass
        with watchdog.guard(Deadline(soon.at + 0.1), late.set):
            assert late.wait(60)
    watchdog.stop()
    assert closed == []


def test_one_thread_guards_many(monkeypatch: object) -> None:
    watchdog = Watchdog()
    freed, ended = [threading.Event() for _ in range(100)], list[bool]()

    def wait(event: threading.Event, seconds: float) -> None:
        with watchdog.guard(Deadline.after(seconds), event.set):
            ended.append(event.wait(600))

    threads = [threading.Thread(target=wait, args=(event, n / 500)) for n, event in enumerate(freed)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ended == [True] * 100
    [watching] = [thread for thread in threading.enumerate() if thread.name == "kdumpcheck-watchdog"]
    watchdog.stop()
    watching.join(60)
    assert not watching.is_alive()
