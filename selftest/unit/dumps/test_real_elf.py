# SPDX-License-Identifier: Apache-2.0
"""A real ELF dump of makedumpfile, cut at every place where something begins or ends."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdumpcheck.dumps import Contents, Kind, Verdict, Vmcore, inspect

HEADERS = (Path(__file__).parent / "real" / "elf-headers.bin").read_bytes()
SIZE = 195_742_136
SEGMENTS = 51
TABLE_END = 64 + SEGMENTS * 56
TOLD = Contents("6.1.0-56.deb-default", 1795893595, None, None, "none", 47787, vmcoreinfo=True)


@pytest.fixture
def real(tmp_path: Path) -> Path:
    path = tmp_path / "vmcore"
    path.write_bytes(HEADERS)
    os.truncate(path, SIZE)
    return path


def look(path: Path) -> Vmcore:
    with path.open("rb", buffering=0) as stream:
        return inspect(stream)


def segments() -> Iterator[tuple[int, int]]:
    """Where each begins and ends in the file."""
    for number in range(SEGMENTS):
        offset, _, _, length = struct.unpack_from("<QQQQ", HEADERS, 64 + number * 56 + 8)
        yield offset, offset + length


def places() -> list[int]:
    """Every edge, and a byte before and after it; the last first, as a file is cut."""
    edges = {0, 16, 64, TABLE_END, SIZE, *(64 + 56 * number for number in range(SEGMENTS))}
    edges |= {edge for segment in segments() for edge in segment}
    near = {edge + off for edge in edges for off in (-1, 0, 1)}
    return sorted((place for place in near if 0 <= place < SIZE), reverse=True)


def problem(place: int) -> str:
    """What is wrong with it when it ends here."""
    if place == 0:
        return "it is empty"
    if place < 4:
        return "it ends within its first bytes"
    if place < 64:
        return "it ends within its header"
    if place < TABLE_END:
        return "it ends within the list of its segments"
    number = next(number for number, (begin, end) in enumerate(segments()) if begin < end and end > place)
    return f"segment {number} of {SEGMENTS} lies beyond its end"


def test_it_is_whole(real: Path) -> None:
    assert look(real) == Vmcore(Kind.ELF, SIZE, None, TOLD)


def test_it_is_incomplete_wherever_it_is_cut(real: Path) -> None:
    cuts = places()
    assert len(cuts) > 250
    for place in cuts:
        os.truncate(real, place)
        found = look(real)
        assert (found.verdict, found.problem) == (Verdict.INCOMPLETE, problem(place)), place


def test_what_is_more_than_it_says_makes_it_no_worse(real: Path) -> None:
    os.truncate(real, SIZE + 1)
    assert look(real).complete
