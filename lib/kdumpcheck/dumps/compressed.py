# SPDX-License-Identifier: Apache-2.0
"""makedumpfile's compressed format (kdump-compressed, `KDUMP   `): header, two bitmaps, page descriptors, pages.

Offsets are those of makedumpfile's diskdump_mod.h on 64-bit little-endian machines.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from kdumpcheck.dumps.contents import Contents, Part
from kdumpcheck.dumps.verdict import Problem, broken, cut
from kdumpcheck.dumps.vmcoreinfo import LIMIT, VmcoreInfo, text
from kdumpcheck.dumps.window import Window, chunks

MAGIC = b"KDUMP   "
HEADER = 464
SUB_HEADER = 104
DESCRIPTOR = struct.Struct("<qIIQ")
"""A page's place and length in the file, how it is compressed, and the kernel's flags of it."""
#: The status bit that makedumpfile sets when the disk was full, and only then.
_INCOMPLETE = 0x8
_COMPRESSIONS = {0x1: "zlib", 0x2: "lzo", 0x4: "snappy", 0x20: "zstd"}
_BLOCK_SIZES = frozenset(1 << shift for shift in range(9, 18))
_VERSIONS = range(1, 64)
#: From this version on, numbers of page frames have 64 bits, in fields of their own.
_WIDE = 6
#: A bitmap of a bit a page: this is one of 32 TiB of memory.
_LONGEST_BITMAP = 1 << 30
_MOST_FLAGS = 0xFF


@dataclass(frozen=True, slots=True)
class Layout:
    """Where what is in the file, by its header; offsets and lengths in bytes."""

    block_size: int
    bitmap: int
    """where the bitmap of the saved pages is: the second half of both"""
    bitmap_length: int
    full_disk: bool
    part: Part | None

    @property
    def table(self) -> int:
        """Where the page descriptors begin."""
        return self.bitmap + self.bitmap_length


def inspect(window: Window) -> tuple[Problem | None, Contents]:
    """What is wrong with the dump, None when it is whole, and what it says of itself."""
    layout, told = read_header(window)
    if isinstance(layout, Problem):
        return layout, told
    early = problem_of(layout, window.size)
    if early is not None:
        return early, told
    pages = _saved_pages(window, layout)
    return _descriptors(window, layout, pages), replace(told, pages=pages)


def read_header(window: Window) -> tuple[Layout | Problem, Contents]:
    """The file's layout, or why its header tells none, and what it says of itself."""
    raw = window.read(0, HEADER)
    if len(raw) < HEADER:
        return cut("it ends within its header"), Contents()
    status, block_size, sub_blocks, bitmap_blocks, whole = struct.unpack_from("<IiiII", raw, 424)
    (version,) = struct.unpack_from("<i", raw, 8)
    if version not in _VERSIONS or block_size not in _BLOCK_SIZES or not 0 < sub_blocks <= 1 << 16:
        return broken("its header makes no sense"), Contents()
    sub = window.read(block_size, SUB_HEADER)
    if len(sub) < SUB_HEADER:
        return cut("it ends within its header"), _contents(raw, b"", VmcoreInfo())
    length = bitmap_blocks * block_size // 2
    part, frames = _part(sub, whole, wide=version >= _WIDE)
    info_offset, info_size = struct.unpack_from("<qQ", sub, 32)
    info = VmcoreInfo.parse(window.read(info_offset, min(info_size, LIMIT)))
    told = replace(_contents(raw, sub, info), part=part)
    begin = (1 + sub_blocks) * block_size + length
    layout = Layout(block_size, begin, length, bool(status & _INCOMPLETE), part)
    return _nonsense(layout, frames) or layout, told


def _contents(raw: bytes, sub: bytes, info: VmcoreInfo) -> Contents:
    (status,) = struct.unpack_from("<I", raw, 424)
    (time,) = struct.unpack_from("<q", raw, 408)
    return Contents(
        release=info.release or text(raw[142:207]),
        crash_time=info.crash_time or (time if time > 0 else None),
        node=text(raw[77:142]),
        level=struct.unpack_from("<i", sub, 8)[0] if sub else None,
        compression=next((word for bit, word in _COMPRESSIONS.items() if status & bit), "none"),
        vmcoreinfo=info.release is not None,
    )


def _part(sub: bytes, whole: int, *, wide: bool) -> tuple[Part | None, int]:
    """Which part of a dump this is, None for all of it, and the number of page frames of the machine."""
    start, end, frames = struct.unpack_from("<QQQ", sub, 80) if wide else (*struct.unpack_from("<QQ", sub, 16), whole)
    frames = frames or whole
    return (Part(start, end, frames) if struct.unpack_from("<i", sub, 12)[0] else None), frames


def _nonsense(layout: Layout, frames: int) -> Problem | None:
    bits = layout.bitmap_length * 8
    if not 0 < layout.bitmap_length <= _LONGEST_BITMAP or frames > bits:
        return broken("its bitmaps are of no size that its memory could have")
    if layout.part is not None and not layout.part.start <= layout.part.end <= bits:
        return broken("it is a part of no dump")
    return None


def problem_of(layout: Layout, size: int) -> Problem | None:
    """What the header alone tells to be wrong with a file of this size."""
    if layout.full_disk:
        return cut("makedumpfile marked it incomplete: the disk was full")
    return cut("it ends within its bitmaps") if layout.table > size else None


def _saved_pages(window: Window, layout: Layout) -> int:
    """How many pages the bitmap says are in this file."""
    offset, length = layout.bitmap, layout.bitmap_length
    if layout.part is None:
        return sum(int.from_bytes(data, "little").bit_count() for data in chunks(window, offset, length))
    first, end = layout.part.start, layout.part.end
    if first >= end:
        return 0
    begin, stop = first // 8, (end + 7) // 8
    count = sum(int.from_bytes(data, "little").bit_count() for data in chunks(window, offset + begin, stop - begin))
    before = window.read(offset + begin, 1)[0] & ((1 << first % 8) - 1)
    after = window.read(offset + stop - 1, 1)[0] >> (end % 8 or 8)
    return count - before.bit_count() - after.bit_count()


def _descriptors(window: Window, layout: Layout, pages: int) -> Problem | None:
    """Whether each page's descriptor is there and leads to bytes that are there."""
    if pages == 0:
        # makedumpfile --split leaves the last parts without a page where there are few; their descriptors are zeros.
        empty = layout.part is not None and not any(window.read(layout.table, DESCRIPTOR.size))
        return None if empty else broken("it says that it holds no pages")
    data = layout.table + pages * DESCRIPTOR.size
    if data > window.size:
        return cut("it ends within its page descriptors")
    far = data
    number = 0
    for number, (place, length, flags) in enumerate(_each(window, layout.table, data), 1):
        problem = page_problem(place, length, flags, data, layout.block_size)
        # A page begins where the last one ended, or is the page of zeros that comes first of all and that many share.
        if problem is None and place not in (far, data) and (far, place) != (data, data + layout.block_size):
            problem = broken("lies where none can be")
        if problem is None and place + length > window.size:
            problem = cut("lies beyond its end")
        if problem is not None:
            return Problem(problem.verdict, f"page {number - 1} of {pages} {problem.reason}")
        far = max(far, place + length)
    return None if number == pages else cut("it ends within its page descriptors")


def _each(window: Window, offset: int, end: int) -> Iterator[tuple[int, int, int]]:
    rest = b""
    for data in chunks(window, offset, end - offset):
        buffer = rest + data
        whole = len(buffer) // DESCRIPTOR.size * DESCRIPTOR.size
        rest = buffer[whole:]
        for place, length, flags, _page in DESCRIPTOR.iter_unpack(buffer[:whole]):
            yield place, length, flags


def page_problem(place: int, length: int, flags: int, data: int, block_size: int) -> Problem | None:
    """What is wrong with one page's descriptor by itself; `data` is where the first page begins."""
    if place == 0 and length == 0:
        return cut("was never written")
    if place < data or not 0 < length <= block_size or flags > _MOST_FLAGS:
        return broken("has a description that makes no sense")
    return None
