# SPDX-License-Identifier: Apache-2.0
"""crashkernel= as the kernel reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.facts.crashkernel import Crashkernel, Request, in_bytes

MIB = 2**20


@pytest.mark.parametrize(
    ("text", "kind", "size"),
    [
        ("360M", "plain", 360 * MIB),
        ("256M@16M", "plain", 256 * MIB),
        ("1G", "plain", 1024 * MIB),
        ("268435456", "plain", 256 * MIB),
        ("0x10000000", "plain", 256 * MIB),
        ("512M,high", "high", 512 * MIB),
        ("72M,low", "low", 72 * MIB),
        ("0,low", "low", 0),
        ("2G-64G:256M,64G-:512M", "ranges", None),
        ("512M-:192M", "ranges", None),
        ("M", "malformed", None),
        ("", "malformed", None),
        ("auto", "malformed", None),
        ("512M,hi", "malformed", None),
        (",high", "malformed", None),
        ("360MB", "malformed", None),
        ("-5M", "malformed", None),
        ("256M,low,high", "malformed", None),
    ],
)
def test_one_argument(text: str, kind: str, size: int | None) -> None:
    request = Request.parse(text)
    assert (request.kind, request.bytes) == (kind, size)


@pytest.mark.parametrize(
    "cmdline",
    [
        "root=live:LABEL=SQFSRAID crashkernel=360M quiet",
        "crashkernel=512M,high crashkernel=72M,low",
        "crashkernel=512M,high",
        "crashkernel=2G-64G:256M,64G-:512M",
    ],
)
def test_good_command_lines(cmdline: str) -> None:
    assert Crashkernel.from_cmdline(cmdline).problem is None


@pytest.mark.parametrize(
    ("cmdline", "says"),
    [
        ("quiet", "no crashkernel="),
        ("crashkernel=M", "not a size"),
        ("crashkernel=0", "asks for nothing"),
        ("crashkernel=72M,low", "reserves nothing"),
        ("crashkernel=512M,high,low", "not a size"),
        ("crashkernel=360M crashkernel=auto", "crashkernel=auto is not a size"),
        ("crashkernel=360M crashkernel=0", "asks for nothing"),
        ("crashkernel=auto crashkernel=72M,low", "crashkernel=auto is not a size"),
    ],
)
def test_bad_command_lines(cmdline: str, says: str) -> None:
    assert says in (Crashkernel.from_cmdline(cmdline).problem or "")


@pytest.mark.parametrize(
    ("cmdline", "says", "mebibytes"),
    [
        ("crashkernel=360M crashkernel=512M,high crashkernel=72M,low", "ignores the others", 360),
        ("crashkernel=360M crashkernel=256M", "more than once", 256),
        ("crashkernel=512M,high crashkernel=256M,high", "more than once", 256),
        ("crashkernel=auto crashkernel=360M", "crashkernel=auto is no size", 360),
        ("crashkernel=auto crashkernel=512M,high crashkernel=72M,low", "crashkernel=auto is no size", 584),
        ("crashkernel=0 crashkernel=512M,high", "beside ,high", 512),
        ("crashkernel=512M,high crashkernel=256M,high,low", "high,low is no size", 512),
    ],
)
def test_command_lines_that_contradict_themselves_still_reserve(cmdline: str, says: str, mebibytes: int) -> None:
    crashkernel = Crashkernel.from_cmdline(cmdline)
    assert crashkernel.problem is None
    assert says in (crashkernel.contradiction or "")
    assert crashkernel.asked_for == mebibytes * 2**20


def test_arguments_for_init_and_lookalikes_do_not_count() -> None:
    assert not Crashkernel.from_cmdline("quiet xcrashkernel=1M crashkernelx=1M -- crashkernel=360M").requests


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    Request.parse(text)
    Crashkernel.from_cmdline(text)


@given(st.integers(0, 10**6), st.sampled_from(["", "k", "K", "M", "g", "T"]))
def test_sizes_scale(number: int, suffix: str) -> None:
    assert in_bytes(f"{number}{suffix}") == number * 1024 ** ("kmgt".index(suffix.lower()) + 1 if suffix else 0)


@pytest.mark.parametrize(
    ("cmdline", "mebibytes"),
    [
        ("crashkernel=360M", 360),
        ("crashkernel=512M,high crashkernel=72M,low", 584),
        ("crashkernel=1G@16M", 1024),
        ("crashkernel=2G-64G:256M,64G-:512M", 0),
        ("quiet", 0),
    ],
)
def test_what_was_asked_for_is_the_sum_where_it_is_told(cmdline: str, mebibytes: int) -> None:
    assert Crashkernel.from_cmdline(cmdline).asked_for == mebibytes * 2**20
