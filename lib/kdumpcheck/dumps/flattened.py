# SPDX-License-Identifier: Apache-2.0
"""makedumpfile's flattened format (`makedumpfile -F`): pieces of a dump in the order in which they were written."""

from __future__ import annotations

import struct

from kdumpcheck.dumps.window import Piece, PiecesWindow, Window

MAGIC = b"makedumpfile\0\0\0\0"
_HEADER = 4096
_PIECE = struct.Struct(">qq")
_END = (-1, -1)
#: More than a dump of terabytes has; each is at least one write of makedumpfile's.
_MOST_PIECES = 1 << 24


def open_flattened(file: Window) -> tuple[str | None, PiecesWindow]:
    """What is wrong with the order of pieces, None when it ends as it must, and the dump that they make."""
    pieces: list[Piece] = []
    problem = _walk(file, pieces)
    return problem, PiecesWindow(file, pieces)


def _walk(file: Window, pieces: list[Piece]) -> str | None:
    if struct.unpack_from(">qq", file.read(0, 32).ljust(32, b"\0"), 16) != (1, 1):
        return "its flattened header is of no version that is known"
    place = _HEADER
    while len(pieces) < _MOST_PIECES:
        raw = file.read(place, _PIECE.size)
        if len(raw) < _PIECE.size:
            return "it ends without the mark of its end"
        start, length = _PIECE.unpack(raw)
        place += _PIECE.size
        if (start, length) == _END:
            return None if place == file.size else "there is more after the mark of its end"
        if start < 0 or length <= 0:
            return "one of its pieces makes no sense"
        if place + length > file.size:
            return "it ends within a piece"
        pieces.append(Piece(start, length, place))
        place += length
    return "it has more pieces than any dump"
