# SPDX-License-Identifier: Apache-2.0
"""Deadlines, and the watchdog that enforces them."""

from __future__ import annotations

import threading
import time

from kdumpcheck.transport import Deadline
from kdumpcheck.transport.watchdog import Watchdog


def test_time_runs_out() -> None:
    deadline = Deadline.after(0.05)
    assert 0 < deadline.remaining() <= 0.05
    assert not deadline.expired
    time.sleep(0.06)
    assert deadline.remaining() == 0
    assert deadline.expired


def test_the_sooner_of_two() -> None:
    deadline = Deadline.after(10)
    assert deadline.within(None) == deadline
    assert deadline.within(20) == deadline
    assert deadline.within(1).remaining() <= 1


def test_the_watchdog_closes_what_is_late_and_nothing_else() -> None:
    watchdog, closed = Watchdog(), []
    with watchdog.guard(Deadline.after(5), lambda: closed.append("patient")):
        with watchdog.guard(Deadline.after(0.02), lambda: closed.append("quick")):
            pass
        with watchdog.guard(Deadline.after(0.05), lambda: closed.append("late")):
            time.sleep(0.2)
    watchdog.stop()
    assert closed == ["late"]


def test_one_thread_guards_many(monkeypatch: object) -> None:
    watchdog = Watchdog()
    freed = [threading.Event() for _ in range(100)]

    def wait(event: threading.Event, seconds: float) -> None:
        with watchdog.guard(Deadline.after(seconds), event.set):
            event.wait(5)

    threads = [threading.Thread(target=wait, args=(event, n / 500)) for n, event in enumerate(freed)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - start < 2
    watchdog.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "kdumpcheck-watchdog"]
