# SPDX-License-Identifier: Apache-2.0
"""Reading pieces of a file by offset, never more than asked for, and never failing on what is not there."""

from __future__ import annotations

import io
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Protocol

CHUNK = 1 << 20
"""Most bytes that are held at once."""
PIECE_HEADER = 16
"""Bytes before each piece of a flattened file."""
#: More pieces than can meet in one chunk of a dump; a file made to be slow has more.
_MOST_AT_ONCE = 1 << 16


class Window(Protocol):
    """Something with bytes at offsets: a file here or on a node, or what a flattened file stands for."""

    @property
    def size(self) -> int:
        """Where it ends."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; fewer, or none, where it ends before. At most `CHUNK` at once."""


class RawWindow(Window, Protocol):
    """A window on the file itself, where what is read together is asked for together."""

    def read_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """As `read`, for several offsets and lengths, which are at most `CHUNK` together."""

    def piece_header(self, place: int) -> bytes:
        """The bytes before a flattened file's piece; the next piece follows this one."""


class FileWindow:
    """A seekable file. Raises `OSError` where the file cannot be read. `taken` counts the bytes it was read for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        self.taken = 0

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there, as far as there are any."""
        length = min(length, CHUNK, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        self._stream.seek(offset)
        data = self._stream.read(length)
        self.taken += len(data)
        return data

    def read_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """As `read`, one after the other."""
        return [self.read(*each) for each in ranges]

    def piece_header(self, place: int) -> bytes:
        """The bytes before a piece."""
        return self.read(place, PIECE_HEADER)


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """So many bytes of a flattened file, and where they belong."""

    start: int
    length: int
    place: int
    """where they are in the flattened file"""


class PiecesWindow:
    """What a flattened file stands for. Where pieces overlap, the one written last holds."""

    def __init__(self, file: RawWindow, pieces: Iterable[Piece]) -> None:
        self._file = file
        # Three numbers a piece and no object: a dump of 100 GB has millions of them.
        starts, lengths, places = array("q"), array("q"), array("q")
        for piece in pieces:
            starts.append(piece.start)
            lengths.append(piece.length)
            places.append(piece.place)
        order = sorted(range(len(starts)), key=starts.__getitem__)
        self._starts = array("q", (starts[each] for each in order))
        self._lengths = array("q", (lengths[each] for each in order))
        self._places = array("q", (places[each] for each in order))
        self._longest = max(lengths, default=0)
        self.size = max((start + length for start, length in zip(starts, lengths, strict=True)), default=0)

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there; what no piece holds is zero, as in the file it is rearranged to."""
        length = min(length, CHUNK, self.size - offset)
        if offset < 0 or length <= 0:
            return b""
        found = self.meeting(offset, offset + length)
        if found is None:
            return b""
        whole = bytearray(length)
        end = length
        for (begin, wanted), data in zip(found, self._file.read_all([each for _, each in found]), strict=True):
            whole[begin : begin + len(data)] = data
            end = end if len(data) == wanted[1] else min(end, begin + len(data))
        return bytes(whole[:end])

    def meeting(self, offset: int, end: int) -> list[tuple[int, tuple[int, int]]] | None:
        """What meets this stretch, in the order it was written: where in it, and the bytes of the file."""
        first = bisect_left(self._starts, offset - self._longest)
        last = bisect_left(self._starts, end)
        if last - first > _MOST_AT_ONCE:
            return None
        found, total = [], 0
        for each in sorted(range(first, last), key=self._places.__getitem__):
            start = self._starts[each]
            begin, stop = max(offset, start), min(end, start + self._lengths[each])
            if begin < stop:
                total += stop - begin
                found.append((begin - offset, (self._places[each] + begin - start, stop - begin)))
        # Pieces of a dump overlap by a header; those of a file made to be slow may all lie on one another.
        return found if total <= 2 * CHUNK else None


def chunks(window: Window, offset: int, length: int) -> Iterator[bytes]:
    """A long stretch in pieces that fit into memory; it ends early where the window does."""
    while length > 0:
        data = window.read(offset, min(length, CHUNK))
        if not data:
            return
        yield data
        offset += len(data)
        length -= len(data)
