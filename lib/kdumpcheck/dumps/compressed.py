# SPDX-License-Identifier: Apache-2.0
"""makedumpfile's compressed format (kdump-compressed, `KDUMP   `): header, two bitmaps, page descriptors, pages.

Offsets are those of makedumpfile's diskdump_mod.h on 64-bit little-endian machines.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from kdumpcheck.dumps.vmcoreinfo import LIMIT, VmcoreInfo, text
from kdumpcheck.dumps.window import Window, chunks

MAGIC = b"KDUMP   "
_HEADER = 464
_SUB_HEADER = 104
_DESCRIPTOR = struct.Struct("<qIIQ")
#: The status bit that makedumpfile sets when the disk was full, and only then.
_INCOMPLETE = 0x8
_BLOCK_SIZES = frozenset(1 << shift for shift in range(9, 18))


@dataclass(frozen=True, slots=True)
class _Header:
    """What the first blocks say."""

    status: int
    block_size: int
    sub_header_blocks: int
    bitmap_blocks: int
    pages: range | None
    """the page frames of this file where a dump was split over several"""
    info: VmcoreInfo

    @property
    def bitmap(self) -> tuple[int, int]:
        """Where the bitmap of the saved pages is, and how many bytes it has: the second half of both."""
        length = self.bitmap_blocks * self.block_size
        return (1 + self.sub_header_blocks) * self.block_size + length // 2, length // 2


def inspect(window: Window) -> tuple[str | None, VmcoreInfo]:
    """What is wrong with the dump, None when it is whole, and what it says of the crashed kernel."""
    header = _read_header(window)
    if isinstance(header, str):
        return header, VmcoreInfo()
    return _problem(window, header), header.info


def _read_header(window: Window) -> _Header | str:
    raw = window.read(0, _HEADER)
    if len(raw) < _HEADER:
        return "it ends within its header"
    status, block_size, sub_blocks, bitmap_blocks = struct.unpack_from("<IiiI", raw, 424)
    if block_size not in _BLOCK_SIZES or not 0 < sub_blocks <= 1 << 16:
        return "its header makes no sense"
    sub = window.read(block_size, _SUB_HEADER)
    if len(sub) < _SUB_HEADER:
        return "it ends within its header"
    (split,) = struct.unpack_from("<i", sub, 12)
    info_offset, info_size = struct.unpack_from("<qQ", sub, 32)
    start, end = struct.unpack_from("<QQ", sub, 80)
    info = VmcoreInfo.parse(window.read(info_offset, min(info_size, LIMIT)))
    time = struct.unpack_from("<q", raw, 408)[0]
    told = VmcoreInfo(info.release or text(raw[142:207]), info.crash_time or (time if time > 0 else None))
    return _Header(status, block_size, sub_blocks, bitmap_blocks, range(start, end) if split else None, told)


def _problem(window: Window, header: _Header) -> str | None:
    if header.status & _INCOMPLETE:
        return "makedumpfile marked it incomplete: the disk was full"
    offset, length = header.bitmap
    if length == 0 or offset + length > window.size:
        return "it ends within its bitmaps"
    return _descriptors(window, header, offset + length, _saved_pages(window, header))


def _saved_pages(window: Window, header: _Header) -> int:
    """How many pages the bitmap says are in this file."""
    offset, length = header.bitmap
    if header.pages is None:
        return sum(int.from_bytes(data, "little").bit_count() for data in chunks(window, offset, length))
    first, end = header.pages.start, min(header.pages.stop, length * 8)
    if first >= end:
        return 0
    begin, stop = first // 8, (end + 7) // 8
    count = sum(int.from_bytes(data, "little").bit_count() for data in chunks(window, offset + begin, stop - begin))
    before = window.read(offset + begin, 1)[0] & ((1 << first % 8) - 1)
    after = window.read(offset + stop - 1, 1)[0] >> (end % 8 or 8)
    return count - before.bit_count() - after.bit_count()


def _descriptors(window: Window, header: _Header, offset: int, pages: int) -> str | None:
    """Whether each page's descriptor is there and leads to bytes that are there."""
    if pages == 0:
        return "it holds no pages"
    if offset + pages * _DESCRIPTOR.size > window.size:
        return "it ends within its page descriptors"
    seen, rest = 0, b""
    for data in chunks(window, offset, pages * _DESCRIPTOR.size):
        buffer = rest + data
        whole = len(buffer) // _DESCRIPTOR.size * _DESCRIPTOR.size
        rest = buffer[whole:]
        for place, length, _flags, _page in _DESCRIPTOR.iter_unpack(buffer[:whole]):
            if place <= 0 or not 0 < length <= header.block_size:
                return f"page {seen} of {pages} was never written"
            if place + length > window.size:
                return f"page {seen} of {pages} lies beyond its end"
            seen += 1
    return None if seen == pages else "it ends within its page descriptors"
