# SPDX-License-Identifier: Apache-2.0
"""Reading pieces of a file by offset, never more than asked for, and never failing on what is not there."""

from __future__ import annotations

import io
from bisect import bisect_left
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CHUNK = 1 << 20
"""Most bytes that are held at once."""


class Window(Protocol):
    """Something with bytes at offsets: a file, or what a flattened file stands for."""

    @property
    def size(self) -> int:
        """Where it ends."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer, or none, where it ends before. At most `CHUNK` at once."""


class FileWindow:
    """A seekable file. Raises `OSError` where the file cannot be read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there, as far as there are any."""
        length = min(length, CHUNK, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        self._stream.seek(offset)
        return self._stream.read(length)


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """So many bytes of a flattened file, and where they belong."""

    start: int
    length: int
    place: int
    """where they are in the flattened file"""


class PiecesWindow:
    """What a flattened file stands for. Where pieces overlap, the one written last holds."""

    def __init__(self, file: Window, pieces: Sequence[Piece]) -> None:
        self._file = file
        self._pieces = sorted(pieces)
        self._longest = max((piece.length for piece in pieces), default=0)
        self.size = max((piece.start + piece.length for piece in pieces), default=0)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; what no piece holds is zero, as in the file it is rearranged to."""
        length = min(length, CHUNK, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        whole = bytearray(length)
        first = bisect_left(self._pieces, Piece(offset - self._longest, 0, 0))
        last = bisect_left(self._pieces, Piece(offset + length, 0, 0))
        for piece in sorted(self._pieces[first:last], key=lambda each: each.place):
            begin, end = max(offset, piece.start), min(offset + length, piece.start + piece.length)
            if begin < end:
                data = self._file.read(piece.place + begin - piece.start, end - begin)
                whole[begin - offset : begin - offset + len(data)] = data
        return bytes(whole)


def chunks(window: Window, offset: int, length: int) -> Iterator[bytes]:
    """A long stretch in pieces that fit into memory; it ends early where the window does."""
    while length > 0:
        data = window.read(offset, min(length, CHUNK))
        if not data:
            return
        yield data
        offset += len(data)
        length -= len(data)
