# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.power.console_lines import LONGEST, Lines
from kdumpcheck.terminal import plain


def texts(output: bytes, *more: bytes) -> list[str]:
    """The lines of a console that sends these bytes, one after another, and then nothing."""
    lines = Lines()
    found = [line for piece in (output, *more) for line in lines.feed(piece, 1.0)]
    return [line.text for line in [*found, *lines.rest(2.0)]]


@pytest.mark.parametrize(
    ("output", "lines"),
    [
        (b"one\ntwo\r\nthree\r", ["one", "two", "three"]),
        (
            b"\rCopying data : [ 10.0 %]\rCopying data : [ 20.0 %]",
            ["Copying data : [ 10.0 %]", "Copying data : [ 20.0 %]"],
        ),
        (b"\n\n \r\n\x1b[0m\r\r\n", []),
        (b"  indented  \n", ["  indented"]),
        (b"[\x1b[0;32m  OK  \x1b[0m] Started\x1b[K\r\n", ["[  OK  ] Started"]),
        (b"\x1b[2J\x1b[1;1HGNU GRUB\x1b[4;2H SLES\x1b[5;2f Recovery", ["GNU GRUB", " SLES", " Recovery"]),
        (b"Press Enter for maintenance", ["Press Enter for maintenance"]),
        (b"\xff\x00\x07\n", ["\\xff\\x00\\x07"]),
        ("\u202eevil\n".encode(), ["\\u202eevil"]),
    ],
)
def test_a_console_is_cut_into_lines(output: bytes, lines: list[str]) -> None:
    assert texts(output) == lines


def test_each_line_has_the_time_of_its_end() -> None:
    lines = Lines()
    assert lines.feed(b"Kernel pa", 1.0) == []
    assert [(line.at, line.text) for line in lines.feed(b"nic\nlog", 2.0)] == [(2.0, "Kernel panic")]
    assert lines.pending
    assert [(line.at, line.text) for line in lines.rest(3.5)] == [(3.5, "log")]
    assert not lines.pending


@pytest.mark.parametrize(
    ("first", "then", "lines"),
    [
        (b"a\r", b"\nb\n", ["a", "b"]),
        (b"a\x1b", b"[31mb\n", ["ab"]),
        (b"a\x1b[3", b"1mb\n", ["ab"]),
        (b"a\x1b[5;", b"1Hb\n", ["a", "b"]),
        ("ü".encode()[:1], "ü".encode()[1:] + b"\n", ["ü"]),
        ("\U0001f600".encode()[:3], "\U0001f600".encode()[3:] + b"\n", ["\U0001f600"]),
    ],
)
def test_what_comes_in_two_pieces_is_one(first: bytes, then: bytes, lines: list[str]) -> None:
    assert texts(first, then) == lines


def test_half_a_character_or_sequence_is_not_handed_out_with_a_prompt() -> None:
    for begun, end in ((b"\xc3", b"\xbc"), (b"\x1b[3", b"1m"), (b"\x1b", b"7")):
        lines = Lines()
        assert lines.feed(b"login: " + begun, 1.0) == []
        assert [line.text for line in lines.rest(2.0)] == ["login:"]
        assert [line.text for line in lines.feed(end + b"x\n", 3.0)] == [plain(begun + end + b"x")]


@pytest.mark.parametrize("size", [1, 7, 1000, 20_000])
def test_a_line_without_an_end_is_handed_out_in_pieces_and_nothing_of_it_is_lost(size: int) -> None:
    lines = Lines()
    output = b"0123456789" * 2000
    found = []
    for start in range(0, len(output), size):
        found += lines.feed(output[start : start + size], 1.0)
        assert len(lines._pending) <= LONGEST
    found += lines.rest(2.0)
    assert "".join(line.text for line in found) == output.decode()
    assert max(len(line.text) for line in found) <= LONGEST


def test_a_long_line_is_not_cut_within_a_character() -> None:
    text = "ü" * LONGEST
    assert "".join(texts(b"x" + text.encode())) == "x" + text


PIECES = st.sampled_from(
    [b"\r", b"\n", b"\x1b", b"[", b"1;1H", b"m", b"\x1b[31m", b"a", b"b ", b"\xc3\xbc", b"\xc3", b"\xff"]
)
OUTPUT = st.lists(PIECES | st.binary(max_size=4), max_size=80).map(b"".join)


@given(OUTPUT, st.lists(st.integers(0, 200), max_size=8))
def test_it_does_not_matter_how_the_bytes_are_cut_up(output: bytes, cuts: list[int]) -> None:
    places = [0, *sorted(cut for cut in cuts if cut <= len(output)), len(output)]
    assert texts(b"", *(output[start:end] for start, end in pairwise(places))) == texts(output)


@given(st.binary(max_size=3 * LONGEST))
def test_any_bytes_become_lines_that_are_harmless_and_bounded(output: bytes) -> None:
    for text in texts(output):
        assert text.strip()
        assert all(char.isprintable() or char == "\t" for char in text)
        assert len(text) <= 10 * LONGEST
