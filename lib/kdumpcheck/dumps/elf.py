# SPDX-License-Identifier: Apache-2.0
"""ELF dumps: those of `makedumpfile -E`, and plain copies of /proc/vmcore. 64-bit little-endian."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from kdumpcheck.dumps.vmcoreinfo import LIMIT, VmcoreInfo
from kdumpcheck.dumps.window import CHUNK, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"
_HEADER = 64
_SEGMENT = 56
_SECTION = 64
_CORE = 4
_NOTE = 4
#: makedumpfile's own bit in e_flags: the disk was full.
_INCOMPLETE = 0x1
#: The number of segments is then elsewhere (elf(5), PN_XNUM).
_MANY = 0xFFFF
_MOST_SEGMENTS = 1 << 20
_NAME = b"VMCOREINFO"


def inspect(window: Window) -> tuple[str | None, VmcoreInfo]:
    """What is wrong with the dump, None when it is whole, and what it says of the crashed kernel."""
    raw = window.read(0, _HEADER)
    if len(raw) < _HEADER:
        return "it ends within its header", VmcoreInfo()
    if raw[4:6] != b"\x02\x01" or struct.unpack_from("<H", raw, 16)[0] != _CORE:
        return "it is no core file of a 64-bit little-endian machine", VmcoreInfo()
    segments = list(_segments(window, raw))
    notes = (window.read(offset, length) for kind, offset, length in segments if kind == _NOTE)
    info = next((found for data in notes if (found := _vmcoreinfo(data)) is not None), VmcoreInfo())
    return _problem(window, raw, segments), info


def _segments(window: Window, header: bytes) -> Iterator[tuple[int, int, int]]:
    """Kind, offset and length of each segment whose description is there."""
    (table,) = struct.unpack_from("<Q", header, 32)
    for number in range(_count(window, header)):
        raw = window.read(table + number * _SEGMENT, _SEGMENT)
        if len(raw) < _SEGMENT:
            return
        yield (*struct.unpack_from("<I4xQ", raw), struct.unpack_from("<Q", raw, 32)[0])


def _count(window: Window, header: bytes) -> int:
    (count,) = struct.unpack_from("<H", header, 56)
    if count == _MANY:
        section = window.read(struct.unpack_from("<Q", header, 40)[0], _SECTION)
        count = struct.unpack_from("<I", section, 44)[0] if len(section) == _SECTION else 0
    return int(min(count, _MOST_SEGMENTS))


def _problem(window: Window, header: bytes, segments: list[tuple[int, int, int]]) -> str | None:
    if struct.unpack_from("<I", header, 48)[0] & _INCOMPLETE:
        return "makedumpfile marked it incomplete: the disk was full"
    if not segments or len(segments) < _count(window, header):
        return "it ends within the list of its segments"
    beyond = [number for number, (_, offset, length) in enumerate(segments) if offset + length > window.size]
    return f"segment {beyond[0]} of {len(segments)} lies beyond its end" if beyond else None


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
