# SPDX-License-Identifier: Apache-2.0
"""A made console, and the clock by which it and the watch go."""

from __future__ import annotations

import time

from kdumpcheck.power.console import ConsoleError, Line


class Clock:
    """The watch's own: however long this machine stands still between two looks at it, it goes on by `most` seconds."""

    def __init__(self, most: float = 0.05) -> None:
        self.most = most
        self._now, self._seen = 1000.0, time.monotonic()

    def monotonic(self) -> float:
        seen = time.monotonic()
        self._now, self._seen = self._now + min(seen - self._seen, self.most), seen
        return self._now


CLOCK = Clock()


class MadeConsole:
    """Gives its lines one by one, then silence, or an error where it `breaks`."""

    def __init__(self, text: str, *, breaks: bool = False) -> None:
        self._lines = text.splitlines()
        self._breaks = breaks
        self.over = False

    def read(self, seconds: float) -> list[Line]:
        if self._lines:
            return [Line(CLOCK.monotonic(), self._lines.pop(0))]
        self.over = True
        if self._breaks:
            raise ConsoleError("lost", "ncn-w001", "the BMC does not answer any more")
        time.sleep(min(seconds, 0.01))
        return []
