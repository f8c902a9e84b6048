# SPDX-License-Identifier: Apache-2.0
"""Deadline: the moment after which nobody waits any more."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, shared by every wait of one piece of work."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """The moment this many seconds from now."""
        return cls(time.monotonic() + seconds)

    def remaining(self) -> float:
        """Seconds left, never below zero."""
        return max(0.0, self.at - time.monotonic())

    @property
    def expired(self) -> bool:
        """True when no time is left."""
        return time.monotonic() >= self.at

    def within(self, seconds: float | None) -> Deadline:
        """This deadline, or the moment that many seconds from now if that is sooner."""
        return self if seconds is None else min(self, Deadline.after(seconds), key=lambda each: each.at)
