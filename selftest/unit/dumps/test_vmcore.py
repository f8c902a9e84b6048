# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.dumps.made import BLOCK, CRASH_TIME, RELEASE, compressed, elf, flattened

from kdumpcheck.dumps import Kind, Vmcore, inspect
from kdumpcheck.dumps.window import FileWindow, Piece, PiecesWindow

MADE: dict[Kind, Callable[[], bytes]] = {
    Kind.COMPRESSED: compressed,
    Kind.FLATTENED: lambda: flattened(compressed()),
    Kind.ELF: elf,
}


def look(data: bytes) -> Vmcore:
    return inspect(io.BytesIO(data))


@pytest.mark.parametrize("kind", MADE)
def test_a_whole_dump_is_told_with_its_kernel_and_its_time(kind: Kind) -> None:
    data = MADE[kind]()
    assert look(data) == Vmcore(kind, len(data), None, RELEASE, CRASH_TIME)
    assert look(data).complete


@pytest.mark.parametrize("kind", MADE)
def test_it_is_not_whole_wherever_it_is_cut(kind: Kind) -> None:
    data = MADE[kind]()
    places = {*range(0, len(data), 97), *range(len(data) - 120, len(data)), 8, 16, 32, 64, BLOCK}
    for place in sorted(each for each in places if each < len(data)):
        found = look(data[:place])
        assert not found.complete, place
        assert found.problem


def test_a_flattened_elf_dump_is_looked_into_as_well() -> None:
    assert look(flattened(elf())) == Vmcore(Kind.FLATTENED, len(flattened(elf())), None, RELEASE, CRASH_TIME)
    assert look(flattened(elf()[:-1])).problem == "segment 1 of 2 lies beyond its end"


def test_a_flattened_dump_whose_inside_was_cut_is_not_whole_although_it_ends_well() -> None:
    assert look(flattened(compressed()[:-1])).problem == "page 4 of 5 lies beyond its end"


def test_more_behind_the_end_is_no_good_end() -> None:
    assert look(flattened(compressed()) + b"x").problem == "there is more after the mark of its end"


@pytest.mark.parametrize("data", [compressed(status=0x9), elf(flags=1), flattened(compressed(status=0x8))])
def test_a_full_disk_is_told_as_makedumpfile_marked_it(data: bytes) -> None:
    assert look(data).problem == "makedumpfile marked it incomplete: the disk was full"


def test_pages_that_were_never_written_are_told() -> None:
    data = bytearray(compressed())
    struct.pack_into("<qIIQ", data, 4 * BLOCK + 24 * 3, 0, 0, 0, 0)
    assert look(bytes(data)).problem == "page 3 of 5 was never written"


def test_a_part_of_a_split_dump_is_whole_with_its_own_pages() -> None:
    for part in [(0, 3), (3, 13), (1, 8), (8, 16), (9, 10)]:
        data = compressed(16, split=part)
        assert look(data).complete, part
        assert not look(data[:-1]).complete, part


@pytest.mark.parametrize("data", [b"", b"KDUM", b"\0" * 5000, b"#!/bin/sh\n"])
def test_what_is_no_dump_is_said_to_be_none(data: bytes) -> None:
    found = look(data)
    assert (found.kind, found.complete) == (Kind.NONE, False)


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
