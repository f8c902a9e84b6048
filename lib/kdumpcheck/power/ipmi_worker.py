# SPDX-License-Identifier: Apache-2.0
"""An errand to a BMC over IPMI 2.0 (RMCP+), by pyghmi: a program of its own, run by `worker.run`.

pyghmi sends a request again when it is not answered within a second, and BMCs that take longer do it again: a reset is
then done two to seven times. So what changes anything is sent with a timeout that never comes, and the waiting is ours.
Its synchronous calls may also miss an answer that comes too soon, and sleep until their timeout: hence the short turns.

This is run as a plain file: nothing of kdumpcheck is loaded here.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Literal, NoReturn

from pyghmi.ipmi.private import session as pyghmi

Say = Callable[..., None]

CHASSIS: Final = 0x00
GET_STATUS: Final = 0x01
CONTROL: Final = 0x02
PRESS: Final = {"off": 0, "on": 1, "cycle": 2, "reset": 3, "nmi": 4}

_TURN: Final = 0.1
_NEVER: Final = 86400.0
# A question may be asked again, but a slow BMC answers each one.
_QUESTION: Final = 8.0
# What the second attempt at a login gives a BMC for each of its five answers, where the first one ends after 2 s.
_PATIENCE: Final = 8.0
_BETWEEN_LOOKS: Final = 1.0

_UNSUPPORTED: Final = {0xC1, 0xC2, 0xCC, 0xC7, 0xC9}
"""invalid command, not on this LUN, invalid data field, wrong length, parameter out of range (IPMI 2.0 table 5-2)"""

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


class Trouble(Exception):
    """The errand ends here; a kind and a text for the parent."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text


class Patient(pyghmi.Session):  # type: ignore[misc] # the library has no types
    """A session that does not give a login up while the BMC may still answer."""

    @property
    def maxtimeout(self) -> float:
        """The longest pause before a request is sent again; beyond it the session is given up."""
        return 4 * _PATIENCE

    @maxtimeout.setter
    def maxtimeout(self, seconds: float) -> None:
        """The library's own limits (2 to 6 s) do not apply."""


class Errand:
    """One order, carried out within its time."""

    def __init__(self, order: Mapping[str, Any], say: Say) -> None:
        self._order = order
        self._say = say
        self._end = time.monotonic() + float(order["seconds"])
        self._parent = os.getppid()
        self._session: Any = None

    def run(self) -> Literal["on", "off"] | None:
        """Log in, do it, log out; the power state, where the action tells."""
        self._session = self._log_in()
        try:
            return self._do(self._order["action"])
        finally:
            with suppress(Exception):
                self._session.logout()

    def _do(self, action: str) -> Literal["on", "off"] | None:
        if action == "status":
            return self._state()
        self._press(PRESS[action])
        if action not in ("on", "off"):
            return None
        while (state := self._state()) != action:
            self._turns(_BETWEEN_LOOKS)
        return state

    def _state(self) -> Literal["on", "off"]:
        answer = self._ask(GET_STATUS, (), _QUESTION)
        if answer["code"] or not answer["data"]:
            raise Trouble("rejected", answer.get("error") or "it told no power state")
        return "on" if answer["data"][0] & 1 else "off"

    def _press(self, button: int) -> None:
        if os.getppid() != self._parent:
            raise Trouble("unconfirmed", "nobody waits for this any more")
        self._say(sent=True)
        answer = self._ask(CONTROL, (button,), _NEVER)
        if answer["code"]:
            text = f"{answer.get('error') or 'no reason given'} (completion code {answer['code']:#04x})"
            raise Trouble("unsupported" if answer["code"] in _UNSUPPORTED else "rejected", text)

    def _ask(self, command: int, data: tuple[int, ...], again_after: float) -> dict[str, Any]:
        answers: list[dict[str, Any]] = []
        session = self._session
        session.raw_command(netfn=CHASSIS, command=command, data=data, timeout=again_after, callback=answers.append)
        while not answers:
            if session.broken:
                raise Trouble("silent", "the session broke off")
            self._turn()
        # With a callback, pyghmi leaves it to us to say that the command is over.
        session.incommand = False
        while session.evq:
            session.evq.popleft().set()
        answer = answers[0]
        if answer["code"] > 0xFF:  # its own word for a time-out
            raise Trouble("silent", "the session broke off")
        error = pyghmi.get_ipmi_error(answer)
        return {**answer, "error": error} if error else answer

    def _log_in(self) -> object:
        for kind in (pyghmi.Session, Patient):
            if kind is Patient:
                if self._nothing_listens():
                    raise Trouble("refused")
                pyghmi.initialtimeout = _PATIENCE
            session, error = self._attempt(kind)
            if error is None:
                return session
            for words, trouble in _LOGIN:
                if words in error:
                    raise Trouble(trouble, error + _NAMELESS if "Unauthorized name" in error else error)
            if error not in _NO_ANSWER:
                raise Trouble("protocol", error)
        raise Trouble("silent")

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
            self._turn()
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

    def _turns(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._turn()

    def _turn(self) -> None:
        if time.monotonic() >= self._end:
            raise Trouble("silent")
        pyghmi.Session.wait_for_rsp(timeout=_TURN)


def main() -> NoReturn:
    """Read the order, do it, and tell the parent what came of it."""
    # pyghmi prints to stdout now and then; what is said there is for the parent.
    voice = os.dup(sys.stdout.fileno())
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)

    def say(**said: object) -> None:
        os.write(voice, json.dumps(said).encode() + b"\n")

    try:
        say(state=Errand(json.loads(sys.stdin.readline()), say).run())
    except Trouble as trouble:
        say(error=trouble.kind, text=trouble.text)
    except Exception as error:  # noqa: BLE001 - a library without types, fed by a stranger; the text might hold anything
        say(error="protocol", text=type(error).__name__)
    # Without a word to the library's thread, which may be waiting for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
