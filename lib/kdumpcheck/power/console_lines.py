# SPDX-License-Identifier: Apache-2.0
"""The bytes of a console cut into lines."""

from __future__ import annotations

import re
from typing import Final

from kdumpcheck.power.console import Line
from kdumpcheck.terminal import plain

LONGEST: Final = 4096
"""Bytes; more without an end is handed out as several lines."""

# An end of a line, or the cursor set to another place, as GRUB and firmware do between the lines of a screen.
_END: Final = re.compile(rb"[\r\n]|\x1b\[[0-9;]{0,20}[Hf]")
# What may be the beginning of a control sequence or of a character, at the end of what has come.
_BEGUN: Final = re.compile(
    rb"(?:\x1b(?:\[[0-?]{0,100}[ -/]{0,10}|[ -/]{0,10})"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]{0,1}|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)


class Lines:
    """Cuts what it is fed. Bounded: it never keeps more than `LONGEST` bytes. Empty lines are left out."""

    def __init__(self) -> None:
        self._pending = b""

    @property
    def pending(self) -> bool:
        """Whether there is text whose end has not come."""
        return bool(self._pending)

    def feed(self, data: bytes, at: float) -> list[Line]:
        """The lines whose end has come with these bytes."""
        *whole, self._pending = _END.split(self._pending + data)
        pieces = [piece for each in whole for piece in _pieces(each)]
        while len(self._pending) > LONGEST:
            piece, self._pending = _cut(self._pending)
            pieces.append(piece)
        return _lines(pieces, at)

    def rest(self, at: float) -> list[Line]:
        """What has no end, once nothing comes any more: a prompt, mostly."""
        begun = _BEGUN.search(self._pending)
        end = begun.start() if begun else len(self._pending)
        piece, self._pending = self._pending[:end], self._pending[end:]
        return _lines([piece], at)


def _pieces(line: bytes) -> list[bytes]:
    pieces = []
    while len(line) > LONGEST:
        piece, line = _cut(line)
        pieces.append(piece)
    return [*pieces, line]


def _cut(line: bytes) -> tuple[bytes, bytes]:
    """As much as a line may have, without tearing a character or a control sequence apart."""
    begun = _BEGUN.search(line, 0, LONGEST)
    end = begun.start() if begun and begun.start() else LONGEST
    return line[:end], line[end:]


def _lines(pieces: list[bytes], at: float) -> list[Line]:
    texts = (plain(piece).rstrip() for piece in pieces)
    return [Line(at, text) for text in texts if text]
