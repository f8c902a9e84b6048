# SPDX-License-Identifier: Apache-2.0
"""The first look agrees with the full one, wherever it says anything."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.dumps.made import BLOCK, NODE, RELEASE, compressed, elf, flattened
from selftest.unit.dumps.sent import MADE, seen, zeros

from kdumpcheck.dumps import Kind, Verdict, inspect
from kdumpcheck.dumps.glance import glance


@pytest.mark.parametrize("name", MADE)
def test_a_whole_dump_is_seen_to_be_whole(name: str) -> None:
    data = MADE[name]()
    found = seen(data)
    assert (found.verdict, inspect(io.BytesIO(data)).verdict) == (Verdict.COMPLETE, Verdict.COMPLETE)
    if found.kind is not Kind.ELF and "ELF" not in name:
        assert (found.told.release, found.told.node) == (RELEASE, NODE)


@pytest.mark.parametrize("name", MADE)
def test_it_is_never_seen_whole_when_it_is_cut(name: str) -> None:
    data = MADE[name]()
    for place in range(0, len(data), 61 if name != "empty part" else 4 * BLOCK):
        found = seen(data[:place])
        assert found.verdict is not Verdict.COMPLETE, place
        assert found.verdict is not Verdict.CORRUPT, place


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (compressed(1000)[:-1], "one of its last pages lies beyond its end"),
        (flattened(compressed())[:-1], "it ends without the mark of its end"),
        (compressed(status=9), "makedumpfile marked it incomplete: the disk was full"),
        (flattened(compressed(status=9)), "makedumpfile marked it incomplete: the disk was full"),
        (compressed(1000)[: 4 * BLOCK + 24 * 1000 - 1], "it ends within its page descriptors"),
        (compressed()[: 4 * BLOCK + 10], "it ends within its page descriptors"),
        (elf()[:-1], "segment 1 of 2 lies beyond its end"),
        (b"", "it is empty"),
    ],
)
def test_why_it_is_not_whole(data: bytes, reason: str) -> None:
    flaw = seen(data).flaw
    assert flaw is not None
    assert flaw.reason == reason


def test_pages_never_written_are_seen_at_the_beginning_and_at_the_end() -> None:
    for number, reason in [(0, "its first page was never written"), (999, "one of its last pages was never written")]:
        data = bytearray(compressed(1000))
        struct.pack_into("<qIIQ", data, 4 * BLOCK + 24 * number, 0, 0, 0, 0)
        flaw = seen(bytes(data)).flaw
        assert flaw is not None
        assert flaw.reason == reason


def test_bytes_that_look_like_the_mark_of_the_end_are_not_taken_for_it() -> None:
    data = flattened(compressed(1000))
    place = data.index(b"\xff" * 16)
    assert seen(data[: place + 16]).verdict is Verdict.INCOMPLETE, "within a piece that is seen"
    many = flattened(compressed(), range(0, 1 << 16, 512))
    assert seen(many).verdict is Verdict.COMPLETE
    assert seen(many[:-16] + b"\xff" * 16 * 3).verdict is None, "within a piece that is not"


def test_a_dump_that_ends_in_pages_of_zeros_is_not_judged() -> None:
    found = seen(zeros(1000, list(range(500, 1000))))
    assert (found.verdict, found.told.pages) == (None, 1000)
    assert inspect(io.BytesIO(zeros(1000, list(range(500, 1000))))).complete


def test_what_was_not_sent_is_not_judged() -> None:
    for name, make in MADE.items():
        data = make()
        for stretches in ({}, {0: data[:16]}, {0: data[:100]}):
            found = glance(len(data), stretches)
            assert found.verdict is None, name


@given(st.sampled_from(sorted(MADE)), st.integers(0, 1 << 20), st.binary(min_size=1, max_size=60))
def test_what_a_first_look_condemns_a_full_one_condemns_too(name: str, place: int, hostile: bytes) -> None:
    data = bytearray(MADE[name]())
    place %= len(data)
    data[place : place + len(hostile)] = hostile
    if seen(bytes(data)).flaw is not None:
        assert not inspect(io.BytesIO(bytes(data))).complete


@given(st.integers(0, 1 << 62), st.dictionaries(st.integers(0, 9000), st.binary(max_size=600), max_size=5))
def test_any_stretches_give_an_answer(size: int, stretches: dict[int, bytes]) -> None:
    for magic in (b"KDUMP   ", b"makedumpfile\0\0\0\0", b"\x7fELF\x02\x01"):
        glance(size, {**stretches, 0: magic + b"\1" * 500})


def test_what_the_first_pieces_do_not_hold_is_not_taken_for_zero() -> None:
    """makedumpfile writes the header, then VMCOREINFO from behind it, and only then the block that says the level."""
    inner = compressed()
    pieces = [(0, 464), (BLOCK + 512, 200), (BLOCK, 512), (2 * BLOCK, len(inner) - 2 * BLOCK)]
    data = (b"makedumpfile\0\0\0\0" + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
    for start, length in pieces:
        data += struct.pack(">qq", start, length) + inner[start : start + length]
    data += b"\xff" * 16
    assert inspect(io.BytesIO(data)).told.level == 31
    early = glance(len(data), {0: data[:32], 4096: data[4096 : 4096 + 480 + 216], len(data) - 32: data[-32:]})
    assert (early.verdict, early.told.node, early.told.level) == (Verdict.COMPLETE, NODE, None)
    assert seen(data).told.level == 31
