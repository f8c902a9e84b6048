# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.dumps.made import BLOCK, CRASH_TIME, NODE, RELEASE, compressed, elf, flattened
from selftest.unit.dumps.sent import zeros

from kdumpcheck.dumps import Contents, Kind, Part, Verdict, Vmcore, inspect, inspect_window
from kdumpcheck.dumps.window import FileWindow, Piece, PiecesWindow

MADE: dict[Kind, Callable[[], bytes]] = {
    Kind.COMPRESSED: compressed,
    Kind.FLATTENED: lambda: flattened(compressed()),
    Kind.ELF: elf,
}
TOLD = Contents(RELEASE, CRASH_TIME, NODE, 31, "zlib", 5, vmcoreinfo=True)
ELF_TOLD = Contents(RELEASE, CRASH_TIME, None, None, "none", 4, vmcoreinfo=True)
FULL = "makedumpfile marked it incomplete: the disk was full"


def look(data: bytes) -> Vmcore:
    return inspect(io.BytesIO(data))


@pytest.mark.parametrize(
    ("kind", "told", "inner"),
    [
        (Kind.COMPRESSED, TOLD, None),
        (Kind.FLATTENED, TOLD, Kind.COMPRESSED),
        (Kind.ELF, ELF_TOLD, None),
    ],
)
def test_a_whole_dump_is_told_with_all_it_says(kind: Kind, told: Contents, inner: Kind | None) -> None:
    data = MADE[kind]()
    assert look(data) == Vmcore(kind, len(data), None, told, inner)
    assert look(data).complete
    assert (look(data).release, look(data).crash_time) == (RELEASE, CRASH_TIME)


@pytest.mark.parametrize("kind", MADE)
def test_it_is_incomplete_wherever_it_is_cut(kind: Kind) -> None:
    data = MADE[kind]()
    places = {*range(0, len(data), 97), *range(len(data) - 120, len(data)), 8, 16, 32, 64, BLOCK}
    for place in sorted(each for each in places if each < len(data)):
        found = look(data[:place])
        assert found.verdict is Verdict.INCOMPLETE, place
        assert found.problem


def test_a_flattened_elf_dump_is_looked_into_as_well() -> None:
    data = flattened(elf())
    assert look(data) == Vmcore(Kind.FLATTENED, len(data), None, ELF_TOLD, Kind.ELF)
    assert look(flattened(elf()[:-1])).problem == "segment 1 of 2 lies beyond its end"


def test_a_flattened_dump_whose_inside_was_cut_is_not_whole_although_it_ends_well() -> None:
    assert look(flattened(compressed()[:-1])).problem == "page 4 of 5 lies beyond its end"


def test_more_behind_the_end_is_no_good_end() -> None:
    found = look(flattened(compressed()) + b"x")
    assert (found.verdict, found.problem) == (Verdict.CORRUPT, "there is more after the mark of its end")


@pytest.mark.parametrize("data", [compressed(status=0x9), elf(flags=1), flattened(compressed(status=0x8))])
def test_a_full_disk_is_told_as_makedumpfile_marked_it(data: bytes) -> None:
    assert (look(data).verdict, look(data).problem) == (Verdict.INCOMPLETE, FULL)


@pytest.mark.parametrize(
    ("status", "word"), [(0x1, "zlib"), (0x2, "lzo"), (0x4, "snappy"), (0x20, "zstd"), (0x0, "none"), (0x12, "lzo")]
)
def test_how_it_is_compressed(status: int, word: str) -> None:
    assert look(compressed(status=status)).told.compression == word


def spoilt(number: int, *words: int) -> bytes:
    """A dump with the descriptor of one of its five pages replaced: place, length, flags, the kernel's own."""
    data = bytearray(compressed())
    struct.pack_into("<qIIQ", data, 4 * BLOCK + 24 * number, *words)
    return bytes(data)


PAGES = 4 * BLOCK + 24 * 5


@pytest.mark.parametrize(
    ("words", "verdict", "problem"),
    [
        ((0, 0, 0, 0), Verdict.INCOMPLETE, "page 3 of 5 was never written"),
        ((-1, 100, 1, 0), Verdict.CORRUPT, "page 3 of 5 has a description that makes no sense"),
        ((PAGES - 1, 100, 1, 0), Verdict.CORRUPT, "page 3 of 5 has a description that makes no sense"),
        ((PAGES + 300, 0, 1, 0), Verdict.CORRUPT, "page 3 of 5 has a description that makes no sense"),
        ((PAGES + 300, BLOCK + 1, 1, 0), Verdict.CORRUPT, "page 3 of 5 has a description that makes no sense"),
        ((PAGES + 300, 100, 1 << 20, 0), Verdict.CORRUPT, "page 3 of 5 has a description that makes no sense"),
        ((PAGES + 299, 100, 1, 0), Verdict.CORRUPT, "page 3 of 5 lies where none can be"),
        ((PAGES + 300, 4000, 1, 0), Verdict.INCOMPLETE, "page 3 of 5 lies beyond its end"),
        ((PAGES + 301, 50, 1, 0), Verdict.CORRUPT, "page 3 of 5 lies where none can be"),
        ((1 << 62, 100, 1, 0), Verdict.CORRUPT, "page 3 of 5 lies where none can be"),
    ],
)
def test_what_is_wrong_with_a_page(words: tuple[int, ...], verdict: Verdict, problem: str) -> None:
    found = look(spoilt(3, *words))
    assert (found.verdict, found.problem) == (verdict, problem)


def test_many_pages_share_the_page_of_zeros_that_comes_first() -> None:
    for which in ([0], [3, 4], [0, 1, 9], list(range(10))):
        assert look(zeros(10, which)).complete, which


@pytest.mark.parametrize("place", [424, 428, 432, 436, 440, BLOCK + 32, BLOCK + 40, BLOCK + 80, BLOCK + 88, BLOCK + 96])
@pytest.mark.parametrize("value", [0, 1, -1, 1 << 31, (1 << 63) - 1, -(1 << 63)])
def test_hostile_numbers_in_a_header_give_an_answer(place: int, value: int) -> None:
    data = bytearray(compressed(8, split=(0, 8)))
    struct.pack_into("<q", data, place, value)
    assert look(bytes(data)).size == len(data)


@pytest.mark.parametrize("place", [428, 432])
def test_a_header_without_blocks_is_corrupt(place: int) -> None:
    data = bytearray(compressed())
    struct.pack_into("<i", data, place, 0)
    assert (look(bytes(data)).verdict, look(bytes(data)).problem) == (Verdict.CORRUPT, "its header makes no sense")


@pytest.mark.parametrize(("start", "length"), [(-1, 10), (10, 0), (10, -5), ((1 << 63) - 1, 10)])
def test_a_piece_that_makes_no_sense_is_corrupt(start: int, length: int) -> None:
    data = flattened(compressed())[:-16] + struct.pack(">qq", start, length) + b"x" * 100
    assert (look(data).verdict, look(data).problem) == (Verdict.CORRUPT, "one of its pieces makes no sense")


def test_zeros_that_never_reached_the_disk_are_a_dump_cut_short() -> None:
    data = flattened(compressed())
    assert look(data[:-16] + b"\0" * 5000).verdict is Verdict.INCOMPLETE
    assert look(b"\0" * 5000).verdict is Verdict.INCOMPLETE


def test_a_file_of_tiny_pieces_is_given_up_early() -> None:
    data = flattened(b"")[:4096] + (struct.pack(">qq", 0, 1) + b"x") * 100_000 + b"\xff" * 16
    found = look(data)
    assert (found.verdict, found.problem) == (Verdict.CORRUPT, "it has more pieces than any dump of its size")


def test_an_elf_segment_where_none_can_be_is_corrupt() -> None:
    data = bytearray(elf())
    struct.pack_into("<Q", data, 64 + 56 + 8, 1 << 60)
    assert look(bytes(data)).verdict is Verdict.CORRUPT


def test_a_part_of_a_split_dump_is_whole_with_its_own_pages() -> None:
    for part in [(0, 3), (3, 13), (1, 8), (8, 16), (9, 10)]:
        data = compressed(16, split=part)
        assert look(data).complete, part
        assert look(data).told.part == Part(*part, 16)
        assert look(data).told.pages == part[1] - part[0]
        assert not look(data[:-1]).complete, part


def test_a_part_may_be_without_a_page() -> None:
    # makedumpfile --split of a small dump leaves the last parts empty.
    assert look(compressed(16, split=(16, 16))).complete
    assert look(compressed(16, split=(16, 16)) + b"\0" * 5000).complete
    assert not look(compressed(0)).complete


def test_pages_that_the_bitmap_does_not_know_make_a_part_corrupt() -> None:
    data = bytearray(compressed(16, split=(0, 16)))
    data[3 * BLOCK : 3 * BLOCK + 2] = b"\0\0"
    assert look(bytes(data)).verdict is Verdict.CORRUPT


@pytest.mark.parametrize("data", [b"KDUX", b"#!/bin/sh\n", b"makedumpfile is not here"])
def test_what_is_no_dump_is_said_to_be_none(data: bytes) -> None:
    found = look(data)
    assert (found.kind, found.verdict) == (Kind.NONE, Verdict.CORRUPT)


@pytest.mark.parametrize("data", [b"", b"KDUM", b"\x7fEL", b"makedumpfile\0"])
def test_what_ends_within_its_first_bytes_is_cut_short(data: bytes) -> None:
    found = look(data)
    assert (found.kind, found.verdict) == (Kind.NONE, Verdict.INCOMPLETE)


@pytest.mark.parametrize(("kind", "percent"), [(Kind.COMPRESSED, 0.61), (Kind.FLATTENED, 0.70), (Kind.ELF, 0.05)])
def test_how_little_is_read(kind: Kind, percent: float) -> None:
    """An uncompressed dump's descriptors are 0.6 % of it; an ELF dump is known by a few hundred bytes."""
    pages = 20_000
    inner = compressed(pages, length=4096, status=0)
    cuts = range(0, len(inner), 1 << 16)
    data = {Kind.COMPRESSED: inner, Kind.FLATTENED: flattened(inner, cuts), Kind.ELF: elf(memory=4_000_000)}[kind]
    window = FileWindow(io.BytesIO(data))
    assert inspect_window(window).complete
    assert window.taken < len(data) * percent / 100


@pytest.mark.parametrize("start", [compressed(), flattened(compressed()), elf(), b""])
def test_a_sparse_file_of_a_tebibyte_takes_no_time(tmp_path: Path, start: bytes) -> None:
    path = tmp_path / "vmcore"
    path.write_bytes(start)
    with path.open("r+b") as stream:
        stream.truncate(1 << 40)
    with path.open("rb", buffering=0) as stream:
        window = FileWindow(stream)
        found = inspect_window(window)
    assert found.size == 1 << 40
    assert window.taken < 1 << 20


def test_a_header_that_would_have_a_tebibyte_read_is_refused(tmp_path: Path) -> None:
    data = bytearray(compressed())
    struct.pack_into("<iiI", data, 428, 1 << 17, 1, (1 << 32) - 1)
    path = tmp_path / "vmcore"
    path.write_bytes(data)
    with path.open("r+b") as stream:
        stream.truncate(1 << 40)
    with path.open("rb", buffering=0) as stream:
        assert inspect(stream).verdict is Verdict.CORRUPT


@given(kind=st.sampled_from(list(MADE)), place=st.integers(0, 40_000), hostile=st.binary(max_size=64))
def test_any_bytes_give_an_answer(kind: Kind, place: int, hostile: bytes) -> None:
    data = bytearray(MADE[kind]())
    place %= len(data)
    data[place : place + len(hostile)] = hostile
    assert look(bytes(data)).size == len(data)


@given(st.sampled_from([b"KDUMP   ", b"makedumpfile\0\0\0\0", b"\x7fELF\x02\x01", b""]), st.binary(max_size=5000))
def test_any_rest_behind_a_good_beginning_gives_an_answer(start: bytes, rest: bytes) -> None:
    assert not look(start + rest).complete


@given(st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=20)), max_size=8), st.integers(0, 80))
def test_pieces_read_like_the_file_they_make(pieces: list[tuple[int, bytes]], offset: int) -> None:
    flat, made, places = b"", bytearray(), []
    for start, data in pieces:
        places.append(Piece(start, len(data), len(flat)))
        flat += data
        made.extend(b"\0" * (start + len(data) - len(made)))
        made[start : start + len(data)] = data
    window = PiecesWindow(FileWindow(io.BytesIO(flat)), places)
    assert window.size == len(made)
    assert window.read(offset, 30) == bytes(made[offset : offset + 30])
