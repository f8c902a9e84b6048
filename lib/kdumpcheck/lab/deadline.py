# SPDX-License-Identifier: Apache-2.0
"""A point in time after which waiting is over."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar, TypeVar

from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Deadline:
    """Something must have happened within so many seconds.

    `what` completes the sentence "... not within 30 s" that the operator reads when it did not.
    """

    __slots__ = ("_end", "seconds", "what")

    interrupted: ClassVar[threading.Event] = threading.Event()
    """Set once when the operator presses Ctrl-C: every wait in every thread then ends at its next look."""

    def __init__(self, seconds: float, what: str) -> None:
        self.seconds = seconds
        self.what = what
        self._end = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self._end - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether the time is over."""
        return self.remaining <= 0

    def check(self) -> None:
        """Raise `LabError` when the time is over or the operator has had enough."""
        if self.interrupted.is_set():
            raise LabError(f"{self.what}: interrupted")
        if self.expired:
            raise LabError(f"{self.what}: not within {self.seconds:g} s")

    def poll(self, ready: Callable[[], T | None], every: float = 0.1) -> T:
        """Ask `ready` every so many seconds until it returns something true; raises `LabError` when time is over."""
        while True:
            result = ready()
            if result:
                return result
            self.check()
            self.interrupted.wait(min(every, self.remaining))
