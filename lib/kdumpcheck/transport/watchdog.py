# SPDX-License-Identifier: Apache-2.0
"""The watchdog: closes a connection whose deadline has passed while a call is still inside the library.

paramiko waits without a limit in several places: for the answer to an exec request, for room in a full
socket, for a key exchange. All of them end at once when the socket is closed under them, so one thread
that closes what is late bounds every one, known or not.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from kdumpcheck.transport.deadline import Deadline

_PATIENCE = 1.0


@dataclass(order=True, slots=True)
class _Guard:
    at: float
    number: int
    close: Callable[[], None] | None = field(compare=False)
    closer: threading.Thread | None = field(compare=False, default=None)


class Watchdog:
    """One thread that calls `close` for every guarded call which outstays its deadline."""

    def __init__(self) -> None:
        self._guards: list[_Guard] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._stopped = False

    @contextmanager
    def guard(self, deadline: Deadline, close: Callable[[], None]) -> Iterator[None]:
        """Call `close` from another thread if the body is still running when the deadline passes."""
        guard = _Guard(deadline.at, next(self._numbers), close)
        with self._changed:
            heapq.heappush(self._guards, guard)
            self._start()
            if self._guards[0] is guard:
                self._changed.notify()
        try:
            yield
        finally:
            self._release(guard)

    def stop(self) -> None:
        """End the thread; guards still in place are dropped."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join(timeout=1)

    def _release(self, guard: _Guard) -> None:
        with self._changed:
            guard.close = None
        # What is being closed is seen closed: nobody after us takes it for alive.
        if guard.closer is not None:
            guard.closer.join(timeout=_PATIENCE)

    def _start(self) -> None:
        if self._thread is None and not self._stopped:
            self._thread = threading.Thread(target=self._watch, name="kdumpcheck-watchdog", daemon=True)
            self._thread.start()

    def _watch(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._due():
                    self._changed.wait(self._until_next())
                if self._stopped:
                    return
                guard = heapq.heappop(self._guards)
                # In a thread of its own: closing a channel of a stuck bastion may itself have to wait.
                guard.closer = threading.Thread(target=guard.close, name="kdumpcheck-close", daemon=True)
                guard.closer.start()

    def _due(self) -> bool:
        while self._guards and self._guards[0].close is None:
            heapq.heappop(self._guards)
        return bool(self._guards) and self._guards[0].at <= time.monotonic()

    def _until_next(self) -> float | None:
        return max(0.0, self._guards[0].at - time.monotonic()) if self._guards else None
