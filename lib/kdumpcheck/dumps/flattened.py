# SPDX-License-Identifier: Apache-2.0
"""makedumpfile's flattened format (`makedumpfile -F`): pieces of a dump in the order in which they were written.

The mark of the end is the last that makedumpfile writes, and only when all before it was written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from kdumpcheck.dumps.verdict import Problem, broken, cut
from kdumpcheck.dumps.window import PIECE_HEADER, Piece, PiecesWindow, RawWindow

MAGIC = b"makedumpfile\0\0\0\0"
HEADER = 4096
"""Where the first piece begins."""
END = b"\xff" * PIECE_HEADER
"""The mark of the end, in a piece's header's place."""
WITHIN = cut("it ends within a piece")
_PIECE = struct.Struct(">qq")
#: More than a dump of 500 GB has: makedumpfile writes some 30 pieces for each MiB, and QEMU 70.
_MOST_PIECES = 1 << 24
#: A file made to be slow has tiny ones; of those there may be some, but no dump is made of them.
_FEW, _TINY = 1 << 16, 512


def open_flattened(file: RawWindow) -> tuple[Problem | None, PiecesWindow]:
    """What is wrong with the order of pieces, None when it ends as it must, and the dump that they make."""
    walk = Walk(file)
    window = PiecesWindow(file, walk)
    return walk.problem, window


class Walk:
    """Goes from piece to piece; afterwards `problem` says what was wrong with the last one."""

    def __init__(self, file: RawWindow) -> None:
        self._file = file
        self.problem: Problem | None = None

    def __iter__(self) -> Iterator[Piece]:
        self.problem = self._head()
        if self.problem is not None:
            return
        place = HEADER
        for _ in range(min(_MOST_PIECES, _FEW + self._file.size // _TINY)):
            raw = self._file.piece_header(place)
            place += PIECE_HEADER
            self.problem = self._problem(raw, place)
            if self.problem is not None or raw == END:
                return
            start, length = _PIECE.unpack(raw)
            yield Piece(start, length, place)
            place += length
        self.problem = broken("it has more pieces than any dump of its size")

    def _head(self) -> Problem | None:
        raw = self._file.read(0, 32)
        if len(raw) < 32:
            return cut("it ends within its header")
        if struct.unpack_from(">qq", raw, 16) != (1, 1):
            return broken("its flattened header is of no version that is known")
        return None

    def _problem(self, raw: bytes, place: int) -> Problem | None:
        if len(raw) < PIECE_HEADER:
            return cut("it ends without the mark of its end")
        if raw == END:
            return None if place == self._file.size else broken("there is more after the mark of its end")
        if not any(raw):
            return cut("it goes on with zeros where a piece should begin: they never reached the disk")
        start, length = _PIECE.unpack(raw)
        if start < 0 or length <= 0 or start + length > 1 << 62:
            return broken("one of its pieces makes no sense")
        return WITHIN if place + length > self._file.size else None
