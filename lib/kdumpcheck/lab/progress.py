# SPDX-License-Identifier: Apache-2.0
"""Telling the operator what the lab is doing, and for how long it has been at it."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from typing import TextIO


class Tell(Protocol):
    """Takes one line about one step."""

    def __call__(self, line: str, /) -> None:
        """Take the line."""


class Progress:
    """Prints each line with the seconds since the command began; several threads may use one."""

    __slots__ = ("_begin", "_lock", "_stream")

    def __init__(self, stream: TextIO | None = None) -> None:
        self._begin = time.monotonic()
        self._lock = threading.Lock()
        self._stream = sys.stderr if stream is None else stream

    @property
    def elapsed(self) -> float:
        """Seconds since the command began."""
        return time.monotonic() - self._begin

    def __call__(self, line: str, /) -> None:
        """Print one line."""
        with self._lock:
            print(f"[{self.elapsed:6.1f} s] {line}", file=self._stream, flush=True)
