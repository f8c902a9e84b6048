# SPDX-License-Identifier: Apache-2.0
"""A probe's answer, whole and in every broken way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.evidence import FramingError, parse_answer

MARK = b"--kdumpcheck-0123456789abcdef"
HEADER = MARK + b" probe 1 fedcba9876543210\n"


def section(
    name: bytes, data: bytes, ending: bytes = b"limit 100 exit 0 0+1 records in 0+1 records out %d bytes"
) -> bytes:
    ending = ending % len(data) if b"%d" in ending else ending
    return (
        b"\n"
        + MARK
        + b" begin "
        + name
        + b"\n"
        + data
        + b"\n"
        + MARK
        + b" end "
        + name
        + b" 1.00 2.50 "
        + ending
        + b"\n"
    )


def test_a_whole_answer() -> None:
    answer = parse_answer(b"motd noise\n" + HEADER + section(b"one", b"hello\n") + MARK + b" done\n")
    assert answer.digest == "fedcba9876543210"
    assert answer.outputs["one"].data == b"hello\n"
    assert answer.outputs["one"].exit_status == 0
    assert answer.outputs["one"].seconds == 1.5


def test_done_makes_it_complete_and_its_absence_does_not() -> None:
    body = HEADER + section(b"one", b"x")
    assert parse_answer(body + MARK + b" done\n").complete
    assert not parse_answer(body).complete


def test_an_answer_cut_in_the_middle_keeps_what_came() -> None:
    whole = HEADER + section(b"one", b"x") + section(b"two", b"yyyy")
    answer = parse_answer(whole[: whole.index(b"yyyy") + 2])
    assert answer.outputs["one"].exit_status == 0
    assert answer.outputs["two"].exit_status is None
    assert not answer.complete


def test_bytes_lost_on_the_way_are_noticed() -> None:
    body = HEADER + section(b"one", b"hello", b"limit 100 exit 0 0+1 records in 0+1 records out 7 bytes copied")
    assert parse_answer(body).outputs["one"].exit_status is None


def test_an_answer_at_its_limit_is_cut() -> None:
    body = HEADER + section(b"one", b"hello", b"limit 5 exit 0 1+0 records in 1+0 records out %d bytes copied")
    assert parse_answer(body).outputs["one"].truncated


def test_another_probes_mark_is_only_data() -> None:
    forged = b"\n--kdumpcheck-ffffffffffffffff begin two\nforged\n"
    answer = parse_answer(HEADER + section(b"one", forged))
    assert list(answer.outputs) == ["one"]
    assert answer.outputs["one"].data == forged


@pytest.mark.parametrize("said", [b"", b"This account is closed.\n", b"\x00\xff\x1b[2J", b"a" * 10_000])
def test_no_probe_spoke(said: bytes) -> None:
    with pytest.raises(FramingError) as refused:
        parse_answer(said)
    message = str(refused.value)
    assert "did not run the probe" in message
    assert message.isprintable()
    assert len(message) < 250


def test_a_probe_of_another_version_is_refused() -> None:
    with pytest.raises(FramingError, match="version 9"):
        parse_answer(HEADER.replace(b"probe 1", b"probe 9"))


@given(st.binary(max_size=2000))
def test_any_bytes_after_the_header_are_survived(noise: bytes) -> None:
    parse_answer(HEADER + noise)
    parse_answer(HEADER + section(b"one", b"x") + noise)
