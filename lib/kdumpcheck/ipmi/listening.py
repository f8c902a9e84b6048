# SPDX-License-Identifier: Apache-2.0
"""Listening to a node's console over the LAN (SOL, IPMI 2.0 section 15), until stdin ends or the console is lost.

pyghmi's own Console waits up to 60 s for a dead BMC, loses bytes of a packet that is sent again with more in it, and
leaves SOL on in a BMC behind a forwarded port. What it takes to listen is one question, one answer and one
acknowledgement a packet; so it is done here, on pyghmi's session.
"""

from __future__ import annotations

import base64
import math
import select
import struct
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final

from kdumpcheck.ipmi.session import Session
from kdumpcheck.ipmi.trouble import Trouble

Say = Callable[..., None]

APPLICATION: Final = 0x06
ACTIVATE: Final = 0x48
DEACTIVATE: Final = 0x49
WHO_HAS_IT: Final = 0x4B
SOL: Final = (1, 1)
"""payload type and instance"""
_ENCRYPTED: Final = (0xC0, 0, 0, 0)

_HELD: Final = 0x80
_REFUSED: Final = {
    0x81: ("unsupported", "serial over LAN is switched off for this user or BMC"),
    0x82: ("taken", "as many sessions as it allows are open"),
    0x83: ("unsupported", "it does not encrypt serial over LAN"),
    0xC1: ("unsupported", "it has no serial over LAN"),
    0xD4: ("auth", "this user may not open the console"),
}
"""IPMI 2.0 table 24-2, and table 5-2"""

# Bits of a packet from the BMC (IPMI 2.0 table 15-2).
_OVERRUN: Final = 0x08
_DEACTIVATED: Final = 0x10

_QUESTION: Final = 2.0
_QUESTIONS: Final = 4
"""how many may go unanswered"""
_BETWEEN_NOTES: Final = 60.0
_LEAVING: Final = 2.0
_BUSY_TURN: Final = 0.01
_IDLE_TURN: Final = 0.1


class Listening:
    """One session that holds a console."""

    def __init__(self, order: Mapping[str, Any], say: Say) -> None:
        """`order["mine"]` are the ids of sessions of ours that were lost: they may hold the console still.

        `order["silence"]` is how many seconds without an answer make a BMC lost.
        """
        self._say = say
        self._mine = frozenset(order["mine"])
        self._session = Session(order, time.monotonic() + float(order["seconds"]))
        self._silence = float(order["silence"])
        self._heard = 0.0
        self._sequence = 0
        self._size = 0
        self._holds = False
        self._ended: Trouble | None = None
        self._overrun = -_BETWEEN_NOTES

    def run(self) -> None:
        """Log in, take the console, tell what it shows, and leave it to others in the end."""
        self._session.log_in()
        try:
            self._take()
            self._say(open=True, session=self._session.raw.sessionid)
            self._listen()
        finally:
            self._leave()

    def _take(self) -> None:
        # Before it is asked for: the first packet may come with the answer.
        self._session.raw.sol_handler = self._packet
        code = self._activate()
        if code == _HELD and self._holder() in self._mine:
            self._session.ask(APPLICATION, DEACTIVATE, (*SOL, 0, 0, 0, 0), _QUESTION)
            code = self._activate()
        if code == _HELD:
            raise Trouble("taken", f"session {self._holder() or 0:#x}")
        if code:
            raise Trouble(*_REFUSED.get(code, ("unsupported", f"completion code {code:#04x}")))
        self._holds = True

    def _activate(self) -> int:
        return int(self._session.ask(APPLICATION, ACTIVATE, (*SOL, *_ENCRYPTED), _QUESTION)["code"])

    def _holder(self) -> int | None:
        return _session_id(self._session.ask(APPLICATION, WHO_HAS_IT, SOL, _QUESTION))

    def _listen(self) -> None:
        # Pyghmi's own sign of life logs in anew where nobody answers, and then nobody holds the console.
        type(self._session.raw).keepalive_sessions.pop(self._session.raw, None)
        self._session.end = math.inf
        self._heard = asked = time.monotonic()
        while not _is_left():
            now = time.monotonic()
            if now - asked >= self._silence / _QUESTIONS:
                self._ask_for_life()
                asked = now
            self._session.turn(_BUSY_TURN if now - self._heard < 1 else _IDLE_TURN)
            if time.monotonic() - self._heard > self._silence:
                self._ended = Trouble("lost", f"the BMC has not answered for {self._silence:.0f} s")
            if self._ended is not None:
                raise self._ended

    def _ask_for_life(self) -> None:
        # Sent once, and not waited for: while pyghmi waits for an answer, it sends no acknowledgements.
        raw = self._session.raw
        raw.incommand = False
        raw.raw_command(netfn=APPLICATION, command=WHO_HAS_IT, data=SOL, retry=False, callback=self._alive)

    def _alive(self, answer: Mapping[str, Any]) -> None:
        self._heard = time.monotonic()
        holder = _session_id(answer)
        if holder is not None and holder != self._session.raw.sessionid:
            self._ended = Trouble("lost", "another session has taken it" if holder else "the BMC has ended it")

    def _packet(self, packet: bytearray | Mapping[str, Any]) -> None:
        """Take in what the BMC sends: a sequence number, two that answer ours, bits, and characters."""
        if isinstance(packet, Mapping) or len(packet) < 4:
            return
        self._heard = time.monotonic()
        sequence, bits, characters = packet[0] & 0xF, packet[3], bytes(packet[4:])
        if bits & _DEACTIVATED:
            self._ended = Trouble("lost", "the BMC has ended it")
        if bits & _OVERRUN and self._heard - self._overrun > _BETWEEN_NOTES:
            self._overrun = self._heard
            self._say(note="the BMC has dropped characters: they came faster than it could send them")
        if not sequence:
            return
        # The same number is the same packet sent again, with more in it perhaps.
        known = self._size if sequence == self._sequence else 0
        self._sequence, self._size = sequence, max(known, len(characters))
        self._session.raw.send_payload(
            bytearray((0, sequence, len(characters), 0)), payload_type=1, retry=False, needskeepalive=True
        )
        if characters[known:]:
            self._say(data=base64.b64encode(characters[known:]).decode())

    def _leave(self) -> None:
        """Give the console up, if it is ours to give: anybody could take it from anybody so."""
        session = self._session
        session.raw.sol_handler = None
        session.end = time.monotonic() + _LEAVING
        if self._holds and self._ended is None:
            session.raw.incommand = False
            with suppress(Exception):
                session.ask(APPLICATION, DEACTIVATE, (*SOL, 0, 0, 0, 0), _QUESTION)
        session.log_out()


def _session_id(answer: Mapping[str, Any]) -> int | None:
    """Which session holds the console, 0 for none; None when the BMC does not tell."""
    data = bytes(answer.get("data") or ())
    if answer.get("code") or len(data) < 4:
        return None
    return int(struct.unpack("<I", data[:4])[0])


def _is_left() -> bool:
    """Whether nobody wants to hear more: our stdin has ended."""
    return bool(select.select([sys.stdin.fileno()], [], [], 0)[0])
