# SPDX-License-Identifier: Apache-2.0
"""ELF dumps: those of `makedumpfile -E`, and plain copies of /proc/vmcore. 64-bit little-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from kdumpcheck.dumps.contents import Contents
from kdumpcheck.dumps.verdict import Problem, broken, cut
from kdumpcheck.dumps.vmcoreinfo import LIMIT, VmcoreInfo
from kdumpcheck.dumps.window import CHUNK, Window, chunks

MAGIC = b"\x7fELF"
HEADER = 64
SEGMENT = struct.Struct("<I4xQ16xQ16x")
"""Kind, place in the file and length there of a piece of memory, or of notes."""
_SECTION = 64
_CORE = 4
_NOTE, _LOAD = 4, 1
#: makedumpfile's own bit in e_flags: the disk was full.
_INCOMPLETE = 0x1
#: The number of segments is then elsewhere (elf(5), PN_XNUM).
_MANY = 0xFFFF
_MOST_SEGMENTS = 1 << 20
_MOST_NOTES = 16
#: No file is larger than this; what is said to lie behind it was never meant.
_FARTHEST = 1 << 56
_NAME = b"VMCOREINFO"


def inspect(window: Window) -> tuple[Problem | None, Contents]:
    """What is wrong with the dump, None when it is whole, and what it says of itself."""
    raw = window.read(0, HEADER)
    if len(raw) < HEADER:
        return cut("it ends within its header"), Contents()
    if raw[4:6] != b"\x02\x01" or struct.unpack_from("<H", raw, 16)[0] != _CORE:
        return broken("it is no core file of a 64-bit little-endian machine"), Contents()
    table, count = table_of(window, raw)
    seen = _Seen(window.size, table + count * SEGMENT.size, count)
    for kind, offset, length in _segments(window, table, count):
        seen.add(kind, offset, length)
    notes = (window.read(offset, length) for offset, length in seen.notes)
    info = next((found for data in notes if (found := _vmcoreinfo(data)) is not None), VmcoreInfo())
    told = Contents(
        release=info.release,
        crash_time=info.crash_time,
        compression="none",
        pages=seen.memory // (info.page_size or 4096),
        vmcoreinfo=info.release is not None,
    )
    if struct.unpack_from("<I", raw, 48)[0] & _INCOMPLETE:
        return cut("makedumpfile marked it incomplete: the disk was full"), told
    return seen.verdict(), told


def table_of(window: Window, header: bytes) -> tuple[int, int]:
    """Where the descriptions of the segments are, and how many there are."""
    (table,) = struct.unpack_from("<Q", header, 32)
    (count,) = struct.unpack_from("<H", header, 56)
    if count == _MANY:
        section = window.read(struct.unpack_from("<Q", header, 40)[0], _SECTION)
        count = struct.unpack_from("<I", section, 44)[0] if len(section) == _SECTION else 0
    return table, min(count, _MOST_SEGMENTS)


def _segments(window: Window, table: int, count: int) -> Iterator[tuple[int, int, int]]:
    """Kind, offset and length of each segment whose description is there."""
    rest = b""
    for data in chunks(window, table, count * SEGMENT.size):
        buffer = rest + data
        whole = len(buffer) // SEGMENT.size * SEGMENT.size
        rest = buffer[whole:]
        yield from SEGMENT.iter_unpack(buffer[:whole])


@dataclass(slots=True)
class _Seen:
    """What the segments that were seen so far come to."""

    size: int
    first: int
    """where the first segment can begin"""
    count: int
    number: int = 0
    memory: int = 0
    problem: Problem | None = None
    notes: list[tuple[int, int]] = field(default_factory=list)

    def add(self, kind: int, offset: int, length: int) -> None:
        if kind == _NOTE and len(self.notes) < _MOST_NOTES:
            self.notes.append((offset, length))
        if kind == _LOAD:
            self.memory += min(length, _FARTHEST)
        self.problem = self.problem or self._problem(offset, length)
        self.number += 1

    def _problem(self, offset: int, length: int) -> Problem | None:
        where = f"segment {self.number} of {self.count}"
        if length and (offset < self.first or offset + length > _FARTHEST):
            return broken(f"{where} is said to lie where none can be")
        return cut(f"{where} lies beyond its end") if length and offset + length > self.size else None

    def verdict(self) -> Problem | None:
        """What is wrong with them all."""
        if self.number < self.count or not self.count:
            return cut("it ends within the list of its segments") if self.count else broken("it holds no segments")
        return self.problem


def _vmcoreinfo(notes: bytes) -> VmcoreInfo | None:
    """VMCOREINFO among a segment's notes."""
    place = 0
    while place + 12 <= min(len(notes), CHUNK):
        name_length, length, _ = struct.unpack_from("<III", notes, place)
        name = notes[place + 12 : place + 12 + min(name_length, 64)]
        data = place + 12 + (name_length + 3) // 4 * 4
        if name.rstrip(b"\0") == _NAME:
            return VmcoreInfo.parse(notes[data : data + min(length, LIMIT)])
        place = data + (length + 3) // 4 * 4
    return None
