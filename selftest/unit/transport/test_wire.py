# SPDX-License-Identifier: Apache-2.0
"""What our Transport does otherwise than paramiko's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import paramiko
import pytest
from paramiko.common import (
    MSG_CHANNEL_CLOSE,
    MSG_CHANNEL_DATA,
    MSG_CHANNEL_EOF,
    MSG_CHANNEL_REQUEST,
    MSG_CHANNEL_WINDOW_ADJUST,
    MSG_GLOBAL_REQUEST,
)
from paramiko.message import Message

from kdumpcheck.transport.wire import Wire


class Sent:
    """The messages that reach the packetizer, as (type, channel)."""

    def __init__(self) -> None:
        self.messages: list[tuple[int, int]] = []
        self.broken = False

    def send_message(self, message: Message) -> None:
        data = message.asbytes()
        if self.broken:
            raise EOFError
        self.messages.append((data[0], int.from_bytes(data[1:5], "big")))


@pytest.fixture
def wire() -> Iterator[Wire]:
    ours, theirs = socket.socketpair()
    wire = Wire(ours, ("ssh-rsa",), certificates=False)
    yield wire
    wire.close()
    theirs.close()


@pytest.fixture
def sent(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    monkeypatch.setattr(wire.packetizer, "send_message", sent.send_message)
    return sent


def message(kind: int, *numbers: int) -> Message:
    made = Message()
    made.add_byte(bytes([kind]))
    for number in numbers:
        made.add_int(number)
    return made


def test_nothing_follows_a_close_on_its_channel(wire: Wire, sent: Sent) -> None:
    wire._send_message(message(MSG_CHANNEL_DATA, 5))
    wire._send_message(message(MSG_CHANNEL_CLOSE, 5))
    for kind in (MSG_CHANNEL_DATA, MSG_CHANNEL_EOF, MSG_CHANNEL_CLOSE, MSG_CHANNEL_REQUEST, MSG_CHANNEL_WINDOW_ADJUST):
        wire._send_message(message(kind, 5))
    wire._send_message(message(MSG_CHANNEL_DATA, 6))
    wire._send_message(message(MSG_GLOBAL_REQUEST, 5))
    assert sent.messages == [
        (MSG_CHANNEL_DATA, 5),
        (MSG_CHANNEL_CLOSE, 5),
        (MSG_CHANNEL_DATA, 6),
        (MSG_GLOBAL_REQUEST, 5),
    ]


def test_a_number_that_is_given_out_again_is_a_new_channel(wire: Wire, sent: Sent) -> None:
    wire._send_message(message(MSG_CHANNEL_CLOSE, 5))
    opened = message(0, 1, 5, 1000, 1000)
    wire._parse_channel_open_success(Message(opened.asbytes()[1:]))
    wire._send_message(message(MSG_CHANNEL_DATA, 5))
    assert sent.messages[-1] == (MSG_CHANNEL_DATA, 5)


def test_a_goodbye_to_nobody_is_no_error(wire: Wire, sent: Sent) -> None:
    sent.broken = True
    wire._send_message(message(MSG_CHANNEL_CLOSE, 5))
    with pytest.raises(EOFError):
        wire._send_message(message(MSG_CHANNEL_DATA, 6))


def test_each_thread_hears_why_its_own_channel_was_refused(
    wire: Wire, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "active", True)
    wire.clear_to_send.set()
    heard: dict[str, str] = {}

    def open_one(name: str) -> None:
        with pytest.raises(paramiko.ChannelException) as caught:
            wire.open_channel("session", timeout=5)
        heard[name] = caught.value.text

    threads = {}
    for number, name in enumerate(("first", "second")):
        threads[name] = threading.Thread(target=open_one, args=(name,))
        threads[name].start()
        while len(sent.messages) <= number:
            pass
    for number, name in enumerate(threads):
        refusal = Message()
        refusal.add_int(number)
        refusal.add_int(2)
        refusal.add_string(f"reason of {name}")
        refusal.add_string("")
        wire._parse_channel_open_failure(Message(refusal.asbytes()))
    for thread in threads.values():
        thread.join()
    monkeypatch.setattr(wire, "active", False)
    assert heard == {"first": "reason of first", "second": "reason of second"}


def test_host_keys_are_asked_for_as_they_are_known(wire: Wire) -> None:
    asked = wire.preferred_keys
    assert asked[:2] == ("rsa-sha2-512", "rsa-sha2-256")
    assert "ssh-ed25519" in asked
    assert not [each for each in asked if "-cert-" in each]


def test_certificates_come_first_where_an_authority_is_known() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        asked = Wire(ours, ("ssh-ed25519",), certificates=True).preferred_keys
    assert "-cert-" in asked[0]
    plain = [each for each in asked if "-cert-" not in each]
    assert plain[0] == "ssh-ed25519"


def test_a_wire_that_never_began_can_be_closed_twice(wire: Wire) -> None:
    closed: list[str] = []
    wire.companions.append(lambda: closed.append("proxy"))
    wire.close()
    wire.close()
    assert closed == ["proxy"]
    assert wire.sock.fileno() == -1
