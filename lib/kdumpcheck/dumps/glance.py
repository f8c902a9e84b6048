# SPDX-License-Identifier: Apache-2.0
"""A first look at a vmcore: what a few hundred bytes of it tell, whatever its size.

A dump that is cut short lacks its end: a flattened one the mark of its end, a compressed one the last descriptors or
the pages they lead to. What was spoilt in its middle only a full look shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kdumpcheck.dumps import compressed, elf, flattened
from kdumpcheck.dumps.contents import Contents
from kdumpcheck.dumps.verdict import Problem, Verdict, broken, cut
from kdumpcheck.dumps.vmcore import Kind, not_one
from kdumpcheck.dumps.window import PIECE_HEADER, PiecesWindow

TAIL = 4096
"""Bytes of page descriptors, the last ones, that are asked for."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a first look tells. `sure` is False, and `flaw` None, when it could not tell whether the dump is whole."""

    kind: Kind
    size: int
    flaw: Problem | None
    told: Contents = field(default_factory=Contents)
    sure: bool = True

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, None when only a full look can give one."""
        if self.flaw is not None:
            return self.flaw.verdict
        return Verdict.COMPLETE if self.sure else None


class Ranges:
    """A window that holds some stretches of a file and nothing else; elsewhere it reads as if the file ended."""

    def __init__(self, size: int, stretches: Mapping[int, bytes]) -> None:
        self.size = size
        self._stretches = stretches

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there that are held: from the stretch that has most of them."""
        length = min(length, self.size - offset)
        if length <= 0 or offset < 0:
            return b""
        within = (
            data[offset - place : offset - place + length]
            for place, data in self._stretches.items()
            if place <= offset < place + len(data)
        )
        return max(within, key=len, default=b"")

    def read_all(self, ranges: Sequence[tuple[int, int]]) -> list[bytes]:
        """As `read`, one after the other."""
        return [self.read(*each) for each in ranges]

    def piece_header(self, place: int) -> bytes:
        """The bytes before a piece."""
        return self.read(place, PIECE_HEADER)

    def holds(self, offset: int, length: int) -> bool:
        """Whether all bytes there are held, as far as the file goes."""
        return len(self.read(offset, length)) == max(0, min(length, self.size - offset))


class _Begun(PiecesWindow):
    """What the first pieces of a flattened file stand for; what they do not hold may come later, and is not zero."""

    def read(self, offset: int, length: int) -> bytes:
        """The bytes there, none where one of them is not known."""
        reached = 0
        for begin, (_, count) in sorted(self.meeting(offset, offset + length) or []):
            reached = max(reached, begin + count) if begin <= reached else reached
        return super().read(offset, length) if reached == length else b""


def glance(size: int, stretches: Mapping[int, bytes]) -> Glance:
    """Judge by what was read of a file of so many bytes: stretches by the offset at which they begin."""
    file = Ranges(size, stretches)
    start = file.read(0, len(flattened.MAGIC))
    if not file.holds(0, len(flattened.MAGIC)):
        return Glance(Kind.NONE, size, None, sure=False)
    if start.startswith(flattened.MAGIC):
        return _flattened(file)
    if start.startswith(compressed.MAGIC):
        return _compressed(file)
    if start.startswith(elf.MAGIC):
        return _elf(file)
    return Glance(Kind.NONE, size, not_one(start))


def _flattened(file: Ranges) -> Glance:
    walk = flattened.Walk(file)
    inside = _Begun(file, walk)
    start = inside.read(0, 8)
    told, full = Contents(), False
    if start == compressed.MAGIC:
        layout, told = compressed.read_header(inside)
        full = isinstance(layout, compressed.Layout) and layout.full_disk
    flaw, sure = _ending(file, walk.problem)
    if full and flaw is None:
        flaw = cut("makedumpfile marked it incomplete: the disk was full")
    return Glance(Kind.FLATTENED, file.size, flaw, told, sure=sure or flaw is not None)


def _ending(file: Ranges, problem: Problem | None) -> tuple[Problem | None, bool]:
    """What is wrong by its first pieces and its end, and whether that can be told."""
    mark = len(flattened.END)
    end = file.read(file.size - 2 * mark, 2 * mark)
    if len(end) < 2 * mark:
        return None, False
    # The walk over the first pieces always ends somewhere: where no more of them were sent, that is no problem.
    if problem is not None and (problem.verdict is Verdict.CORRUPT or problem == flattened.WITHIN):
        return problem, True
    if end[mark:] != flattened.END:
        return cut("it ends without the mark of its end"), True
    # What stands before the mark is page descriptors or memory; where that looks like the mark, it may be one itself.
    return None, end[:mark] != flattened.END


def _compressed(file: Ranges) -> Glance:
    layout, told = compressed.read_header(file)
    if isinstance(layout, Problem):
        seen = file.holds(0, compressed.HEADER) and layout.verdict is Verdict.CORRUPT
        short = file.size < compressed.HEADER
        return Glance(Kind.COMPRESSED, file.size, layout if seen or short else None, told, sure=seen or short)
    flaw = compressed.problem_of(layout, file.size)
    if flaw is not None or (layout.part is not None and layout.part.start == layout.part.end):
        return Glance(Kind.COMPRESSED, file.size, flaw, told)
    first = file.read(layout.table, compressed.DESCRIPTOR.size)
    if layout.table + compressed.DESCRIPTOR.size > file.size:
        return Glance(Kind.COMPRESSED, file.size, cut("it ends within its page descriptors"), told)
    if len(first) < compressed.DESCRIPTOR.size:
        return Glance(Kind.COMPRESSED, file.size, None, told, sure=False)
    data = first_page(layout, *compressed.DESCRIPTOR.unpack(first)[:2])
    if isinstance(data, Problem):
        # A part may be without a page, and then nothing is wrong with it.
        sure = layout.part is None
        return Glance(Kind.COMPRESSED, file.size, data if sure else None, told, sure=sure)
    pages = (data - layout.table) // compressed.DESCRIPTOR.size
    return replace(_by_last_pages(file, layout, data), told=replace(told, pages=pages))


def first_page(layout: compressed.Layout, place: int, length: int) -> int | Problem:
    """Where the pages begin, and so the descriptors end, by the first descriptor.

    The first page comes right behind the descriptors, or behind the page of zeros that many share. As a block is no
    multiple of a descriptor's length, only one of both can be.
    """
    if place == 0 and length == 0:
        return cut("its first page was never written")
    for data in (place, place - layout.block_size):
        if data > layout.table and (data - layout.table) % compressed.DESCRIPTOR.size == 0:
            return data
    return broken("its first page lies where none can be")


def _by_last_pages(file: Ranges, layout: compressed.Layout, data: int) -> Glance:
    """What the last descriptors tell."""
    size = compressed.DESCRIPTOR.size
    kind = Kind.COMPRESSED
    if data > file.size:
        return Glance(kind, file.size, cut("it ends within its page descriptors"))
    begin = max(layout.table, data - TAIL // size * size)
    raw = file.read(begin, data - begin)
    if len(raw) < data - begin:
        return Glance(kind, file.size, None, sure=False)
    far = 0
    for place, length, flags, _ in compressed.DESCRIPTOR.iter_unpack(raw):
        problem = compressed.page_problem(place, length, flags, data, layout.block_size)
        if problem is not None:
            return Glance(kind, file.size, Problem(problem.verdict, f"one of its last pages {problem.reason}"))
        far = max(far, place + length)
        if far > file.size:
            return Glance(kind, file.size, cut("one of its last pages lies beyond its end"))
    # Where the last pages are all the page of zeros, they do not tell where the file must end.
    return Glance(kind, file.size, None, sure=far > data + layout.block_size or begin == layout.table)


def _elf(file: Ranges) -> Glance:
    header = file.read(0, elf.HEADER)
    if file.holds(0, elf.HEADER) and len(header) == elf.HEADER:
        table, count = elf.table_of(file, header)
        if not count or not file.holds(table, count * elf.SEGMENT.size):
            return Glance(Kind.ELF, file.size, None, sure=False)
    flaw, told = elf.inspect(file)
    sure = file.size < elf.HEADER or len(header) == elf.HEADER
    return Glance(Kind.ELF, file.size, flaw if sure else None, told, sure=sure)
