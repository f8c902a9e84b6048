# SPDX-License-Identifier: Apache-2.0
"""A console read all the time, by a thread, so that each line has its true time however late it is asked for."""

from __future__ import annotations

import threading
import time
from collections import deque
from types import TracebackType
from typing import Final, Self

from kdumpcheck.power.console import ConsoleError, Line
from kdumpcheck.power.console_keep import Keep
from kdumpcheck.power.console_lines import Lines
from kdumpcheck.power.console_source import Note, Source

WAITING: Final = 4 * 1024 * 1024
"""Characters that wait to be read; when there are more, the oldest lines are dropped, and that is said."""
IDLE: Final = 1.0
"""Seconds without a byte after which text without an end is a line: a prompt."""

_TURN: Final = 0.25
_LINE_COST: Final = 200  # what a line takes beside its text


class Watch:
    """A console (see `Console`) made of a source of bytes."""

    def __init__(self, node: str, source: Source, keep: Keep | None = None) -> None:
        self._node = node
        self._source = source
        self._keep = keep
        self._lines = Lines()
        self._ready: deque[Line] = deque()
        self._waiting = 0
        self._dropped = 0
        self._error: ConsoleError | None = None
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._watch, name="kdumpcheck-console", daemon=True)
        self._thread.start()

    @property
    def where(self) -> str:
        """As in "SOL of ncn-w001-mgmt", for messages."""
        return self._source.where

    def read(self, seconds: float) -> list[Line]:
        """See `Console.read`."""
        with self._changed:
            self._changed.wait_for(lambda: self._ready or self._error or self._closed, seconds)
            lines = [*self._ready]
            self._ready.clear()
            self._waiting = 0
            if self._dropped:
                text = f"{self._dropped} lines were dropped here: they came faster than they were read"
                lines.insert(0, Line(lines[0].at, text, note=True))
                self._dropped = 0
            if not lines and self._error is not None:
                raise ConsoleError(self._error.kind, self._node, self._error.args[0])
            if not lines and self._closed:
                raise ConsoleError("closed", self._node, f"{self.where} was closed")
            return lines

    def close(self) -> None:
        """See `Console.close`."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        self._thread.join()
        self._source.close()
        if self._keep is not None:
            self._keep.close()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def _watch(self) -> None:
        last = time.monotonic()
        try:
            while not self._closed:
                pieces = self._source.read(_TURN)
                now = time.monotonic()
                for piece in pieces:
                    self._take(piece, now)
                if pieces:
                    last = now
                elif self._lines.pending and now - last >= IDLE:
                    self._hand_out(self._lines.rest(now))
        except ConsoleError as error:
            self._end(error)
        except Exception as error:  # noqa: BLE001 - else whoever reads would wait for ever
            self._end(ConsoleError("protocol", self._node, f"{self.where} failed: {type(error).__name__}"))

    def _take(self, piece: bytes | Note, at: float) -> None:
        if isinstance(piece, Note):
            self._hand_out([*self._lines.rest(at), Line(at, piece.text, note=True)])
            return
        self._hand_out(self._lines.feed(piece, at))
        if self._keep is not None and (why := self._keep.take(piece)):
            self._hand_out([Line(at, why, note=True)])

    def _hand_out(self, lines: list[Line]) -> None:
        with self._changed:
            for line in lines:
                self._ready.append(line)
                self._waiting += _LINE_COST + len(line.text)
            while self._waiting > WAITING:
                self._waiting -= _LINE_COST + len(self._ready.popleft().text)
                self._dropped += 1
            if lines:
                self._changed.notify_all()

    def _end(self, error: ConsoleError) -> None:
        self._hand_out(self._lines.rest(time.monotonic()))
        with self._changed:
            self._error = error
            self._changed.notify_all()
