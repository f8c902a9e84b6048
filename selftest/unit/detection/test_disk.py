# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from selftest.detection.disk import data_offset


def member(magic: int = 0xA92B4EFC, major: int = 1, sectors: int = 4096) -> bytes:
    head = bytearray(8192)
    struct.pack_into("<II", head, 4096, magic, major)
    struct.pack_into("<Q", head, 4096 + 128, sectors)
    return bytes(head)


def test_the_data_begins_where_the_superblock_says() -> None:
    assert data_offset(member()) == 4096 * 512


def test_what_is_no_member_has_no_data() -> None:
    assert data_offset(member(magic=1)) is None
    assert data_offset(member(major=0)) is None
    assert data_offset(member(sectors=0)) is None
    assert data_offset(member()[:4200]) is None


@given(st.binary(max_size=9000))
def test_any_bytes_give_an_answer(head: bytes) -> None:
    assert data_offset(head) is None
