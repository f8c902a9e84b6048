# SPDX-License-Identifier: Apache-2.0
"""A session with a BMC over RMCP+: in, one question at a time, out.

pyghmi's synchronous calls may miss an answer that comes too soon, and sleep until their timeout: hence the short turns.
It sends a request again when it is not answered within a second, and BMCs that take longer do it again: who asks says
after how long that may be.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from pyghmi.ipmi.private import session as pyghmi

from kdumpcheck.ipmi.trouble import Trouble

_TURN: Final = 0.1
# What the second attempt at a login gives a BMC for each of its five answers, where the first one ends after 2 s.
_PATIENCE: Final = 8.0

# Our kinds by what pyghmi says of the login (the RMCP+ status codes of IPMI 2.0 table 13-15).
_LOGIN: Final = (
    ("Incorrect password", "auth"),
    ("Invalid integrity check", "auth"),
    ("Unauthorized", "auth"),
    ("username", "auth"),
    ("privelege", "auth"),
    ("RAKP2", "auth"),
    ("Insufficient resources", "locked"),
)

_NAMELESS: Final = ": the BMC does not know this user, or has locked it"
# What it says when nobody answers, or not soon enough.
_NO_ANSWER: Final = ("timeout", "Session failed to initialize")
# A slow BMC's refusal of suite 17 may be taken for one of suite 3, when it had been asked twice.
_ALGORITHM: Final = "algorithm"


class Patient(pyghmi.Session):  # type: ignore[misc] # the library has no types
    """A session that does not give a login up while the BMC may still answer."""

    @property
    def maxtimeout(self) -> float:
        """The longest pause before a request is sent again; beyond it the session is given up."""
        return 4 * _PATIENCE

    @maxtimeout.setter
    def maxtimeout(self, seconds: float) -> None:
        """The library's own limits (2 to 6 s) do not apply."""


class Session:
    """One session. Every wait ends at `end`, a moment on the monotonic clock, with `Trouble` of the kind "silent"."""

    def __init__(self, order: Mapping[str, Any], end: float) -> None:
        """`order` holds host, port, user and password."""
        self._order = order
        self.end = end
        self._session: Any = None

    @property
    def raw(self) -> Any:  # noqa: ANN401 - the library has no types
        """Pyghmi's own session."""
        return self._session

    def log_in(self) -> None:
        """Become the user of the order: quickly, then patiently."""
        for kind in (pyghmi.Session, Patient):
            if kind is Patient:
                if self._nothing_listens():
                    raise Trouble("refused")
                pyghmi.initialtimeout = _PATIENCE
                # On another socket: late answers to the first attempt have the same numbers as those to this one.
                pyghmi.Session.socketpool.clear()
            self._session, error = self._attempt(kind)
            if error is None:
                return
            for words, trouble in _LOGIN:
                if words in error:
                    raise Trouble(trouble, error + _NAMELESS if "Unauthorized name" in error else error)
            if error not in _NO_ANSWER and not (kind is pyghmi.Session and _ALGORITHM in error):
                raise Trouble("protocol", error)
        raise Trouble("silent")

    def log_out(self) -> None:
        """Leave, whatever the BMC says to it."""
        with suppress(Exception):
            # Nobody waits any more for what was asked before.
            self._session.incommand = False
            self._session.logout()

    def ask(self, netfn: int, command: int, data: tuple[int, ...], again_after: float) -> dict[str, Any]:
        """One request and its answer ("code", "data", and "error" when it is one); sent again after so many seconds."""
        answers: list[dict[str, Any]] = []
        session = self._session
        session.raw_command(netfn=netfn, command=command, data=data, timeout=again_after, callback=answers.append)
        while not answers:
            if session.broken:
                raise Trouble("silent", "the session broke off")
            self.turn()
        # With a callback, pyghmi leaves it to us to say that the command is over.
        session.incommand = False
        while session.evq:
            session.evq.popleft().set()
        answer = answers[0]
        if answer["code"] > 0xFF:  # its own word for a time-out
            raise Trouble("silent", "the session broke off")
        error = pyghmi.get_ipmi_error(answer)
        return {**answer, "error": error} if error else answer

    def turns(self, seconds: float) -> None:
        """Let so much time pass, and take in what comes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.turn()

    def turn(self, seconds: float = _TURN) -> None:
        """Take in what has come, or comes within so many seconds."""
        if time.monotonic() >= self.end:
            raise Trouble("silent")
        pyghmi.Session.wait_for_rsp(timeout=seconds)

    def _attempt(self, kind: type) -> tuple[object, str | None]:
        told: list[dict[str, Any]] = []
        order = self._order
        # As bytes: given as text, pyghmi loses track of a session that is being opened, and hangs.
        user, password = order["user"].encode(), order["password"].encode()
        try:
            session = kind(bmc=order["host"], userid=user, password=password, port=order["port"], onlogon=told.append)
        except socket.gaierror as unknown:
            raise Trouble("resolve", str(unknown.strerror)) from None
        while not told:
            self.turn()
        error = told[0].get("error")
        return session, str(error) if error else None

    def _nothing_listens(self) -> bool:
        """Whether the BMC's machine says that this port is closed: pyghmi's socket cannot hear that."""
        presence_ping = bytes.fromhex("0600ff06000011be80000000")
        try:
            family, kind, number, _, address = socket.getaddrinfo(
                self._order["host"], self._order["port"], type=socket.SOCK_DGRAM
            )[0]
            with socket.socket(family, kind, number) as probe:
                probe.settimeout(_TURN * 5)
                probe.connect(address)
                probe.send(presence_ping)
                probe.recv(1)
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
        return False
