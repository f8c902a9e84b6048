# SPDX-License-Identifier: Apache-2.0
"""Packets of a console as a BMC may send them; the session they come on is made here."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.ipmi.listening import Listening

OURS = 7


@dataclass
class Raw:
    """What of pyghmi's session is used here."""

    sessionid: int = OURS
    sent: list[bytes] = field(default_factory=list)

    def send_payload(self, payload: bytearray, *, payload_type: int, retry: bool, needskeepalive: bool) -> None:
        assert (payload_type, retry) == (1, False)
        self.sent.append(bytes(payload))


@dataclass
class Bmc:
    """The BMC's side of one console."""

    said: list[dict[str, Any]] = field(default_factory=list)
    raw: Raw = field(default_factory=Raw)

    def __post_init__(self) -> None:
        order = {"host": "h", "port": 1, "user": "u", "password": "p", "mine": [], "silence": 16, "seconds": 30}
        self.listening = Listening(order, lambda **said: self.said.append(said))
        self.listening._session._session = self.raw

    def sends(self, sequence: int, characters: bytes, bits: int = 0) -> None:
        self.listening._packet(bytearray((sequence, 0, 0, bits)) + characters)

    def shown(self) -> bytes:
        return b"".join(base64.b64decode(each["data"]) for each in self.said if "data" in each)

    def ended(self) -> str | None:
        return self.listening._ended.text if self.listening._ended else None


def test_each_packet_is_shown_and_acknowledged() -> None:
    bmc = Bmc()
    bmc.sends(1, b"one ")
    bmc.sends(2, b"two")
    assert bmc.shown() == b"one two"
    assert bmc.raw.sent == [bytes((0, 1, 4, 0)), bytes((0, 2, 3, 0))]


def test_a_packet_that_is_sent_again_is_shown_once_and_acknowledged_again() -> None:
    bmc = Bmc()
    for characters in (b"one", b"one", b"one and more", b"one"):
        bmc.sends(1, characters)
    assert bmc.shown() == b"one and more"
    assert [sent[2] for sent in bmc.raw.sent] == [3, 3, 12, 3]


def test_a_packet_without_a_number_is_not_acknowledged() -> None:
    bmc = Bmc()
    bmc.sends(0, b"")
    bmc.listening._packet(bytearray(b"\1\0\0"))
    bmc.listening._packet({"error": "Session Disconnected"})
    assert (bmc.raw.sent, bmc.said) == ([], [])


def test_the_numbers_go_round() -> None:
    bmc = Bmc()
    for number in range(100):
        bmc.sends(number % 15 + 1, b"%d," % number)
    assert bmc.shown() == b"".join(b"%d," % number for number in range(100))


def test_dropped_characters_are_said_but_not_with_every_packet() -> None:
    bmc = Bmc()
    for number in range(1, 10):
        bmc.sends(number, b"x", 0x08)
    assert len([each for each in bmc.said if "note" in each]) == 1
    assert bmc.shown() == b"x" * 9


def test_a_console_that_the_bmc_ends_is_lost() -> None:
    bmc = Bmc()
    bmc.sends(1, b"last", 0x10)
    assert bmc.shown() == b"last"
    assert bmc.ended() == "the BMC has ended it"


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        ({"code": 0, "data": bytearray((OURS, 0, 0, 0, 1))}, None),
        ({"code": 0, "data": bytearray((0, 0, 0, 0))}, "the BMC has ended it"),
        ({"code": 0, "data": bytearray((9, 0, 0, 0))}, "another session has taken it"),
        ({"code": 0xC1, "data": bytearray()}, None),  # a BMC that does not tell
        ({"code": 0, "data": bytearray((9,))}, None),
        ({"code": 0, "data": ()}, None),
    ],
)
def test_the_sign_of_life_tells_who_holds_the_console(answer: dict[str, Any], ended: str | None) -> None:
    bmc = Bmc()
    bmc.listening._alive(answer)
    assert bmc.ended() == ended


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_no_packet_breaks_it(packets: list[bytes]) -> None:
    bmc = Bmc()
    for packet in packets:
        bmc.listening._packet(bytearray(packet))
    assert len(bmc.shown()) <= sum(map(len, packets))
