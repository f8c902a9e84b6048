# SPDX-License-Identifier: Apache-2.0
"""A console through the node's BMC: serial over LAN (IPMI 2.0), listened to by a worker process that can be killed."""

from __future__ import annotations

import base64
import binascii
import json
import os
import sys
import time
from dataclasses import dataclass
from typing import Final, get_args

from kdumpcheck.power.address import Address
from kdumpcheck.power.console import ConsoleError, Kind
from kdumpcheck.power.console_source import Note
from kdumpcheck.power.ipmi import WORKER, check_credentials, order_of
from kdumpcheck.power.login import Login, without_secrets
from kdumpcheck.power.stream import Stream
from kdumpcheck.power.words import why_not
from kdumpcheck.transport.errors import clean

_KINDS: Final = get_args(Kind)
# What is not worth another try: the answer would be the same.
_FINAL: Final[frozenset[Kind]] = frozenset({"auth", "unsupported", "config"})
_LONGEST_WORD: Final = 256 * 1024
_GOODBYE: Final = 5.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a BMC is waited for; in seconds, but for `losses`."""

    opening: float = 30.0
    """for the console to be opened at all"""
    silence: float = 16.0
    """for an answer while it is open; after that it is lost"""
    again: float = 75.0
    """for a lost console to be there again; a BMC keeps a session that broke off for a minute"""
    pause: float = 3.0
    """between two attempts"""
    losses: int = 10
    """how often it is taken up again in all"""


USUAL_PATIENCE: Final = Patience()


class SolSource:
    """The console that one BMC sends. A session that is lost is taken up again, and that is said in a note."""

    def __init__(self, node: str, address: Address, login: Login, patience: Patience = USUAL_PATIENCE) -> None:
        """Open it. Raises `ConsoleError`, `PowerError` and `SecretError`."""
        self._node = node
        self._address = address
        self._login = login
        self._patience = patience
        self._mine: list[int] = []
        self._losses = 0
        self._lost_at: float | None = None
        self._try_at = 0.0
        self._early: list[bytes | Note] = []
        self._worker: _Worker | None = self._start(patience.opening)
        try:
            while not self._worker.is_open:
                self._early += self._worker.hear(1.0)
        except _Gone as gone:
            self.close()
            raise self._error(gone) from None
        except BaseException:
            self.close()
            raise
        self._mine.append(self._worker.session)

    @property
    def where(self) -> str:
        """As in "SOL of ncn-w001-mgmt"."""
        return f"SOL of {self._address}"

    def read(self, seconds: float) -> list[bytes | Note]:
        """What the node shows. Raises `ConsoleError` when the console is lost for good."""
        if self._early:
            early, self._early = self._early, []
            return early
        if self._worker is None:
            wait = self._try_at - time.monotonic()
            if wait > 0:
                time.sleep(min(wait, seconds))  # the BMC lets go of a broken session in its own time
                return []
            self._worker = self._start(self._patience.again / 3)
        try:
            said = self._worker.hear(seconds)
        except _Gone as gone:
            return self._lose(gone)
        if self._lost_at is not None and self._worker.is_open:
            after = time.monotonic() - self._lost_at
            self._lost_at = None
            self._mine.append(self._worker.session)
            said.insert(0, Note(f"{self.where} is taken up again after {after:.0f} s: what came meanwhile is not here"))
        return said

    def close(self) -> None:
        """Leave the console to others."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def _start(self, seconds: float) -> _Worker:
        check_credentials(self._node, self._login)
        worker = _Worker(seconds)
        # No variable holds the password: a failing test may show all there are.
        worker.tell({**order_of(self._address, self._login), "mine": self._mine, "silence": self._patience.silence})
        return worker

    def _lose(self, gone: _Gone) -> list[bytes | Note]:
        """Let the worker go, and say so; the next comes after a pause. Raises `ConsoleError` when enough is enough."""
        self.close()
        now = time.monotonic()
        self._try_at = now + self._patience.pause
        if self._lost_at is not None:
            if gone.kind in _FINAL or now - self._lost_at > self._patience.again:
                raise self._error(gone)
            return []
        self._losses += 1
        if self._losses > self._patience.losses:
            text = f"{self.where} was lost {self._losses} times: look at the BMC and the network between"
            raise ConsoleError("lost", self._node, text)
        self._lost_at = now
        return [Note(f"{self.where} is lost: {gone.text or gone.kind}")]

    def _error(self, gone: _Gone) -> ConsoleError:
        text = self._words(gone)
        if self._lost_at is None:
            return ConsoleError(gone.kind, self._node, text)
        after = time.monotonic() - self._lost_at
        return ConsoleError("lost", self._node, f"{self.where} was lost {after:.0f} s ago, and for good: {text}")

    def _words(self, gone: _Gone) -> str:
        said = f" ({gone.text})" if gone.text else ""
        match gone.kind:
            case "taken":
                return (
                    f"{self.where} is held by another session{said}: end that one, as with `ipmitool sol deactivate`, "
                    "or wait a minute if it was killed"
                )
            case "unsupported":
                return f"{self.where}: {gone.text}: is it switched on in the BMC, and for {self._login.user}?"
            case "lost" | "ended" | "closed":
                return f"{self.where} is lost{said}"
            case kind:
                return why_not(kind, gone.text, self.where, self._login.user, gone.seconds)


class _Gone(Exception):
    """The worker has ended, or was given up; why."""

    def __init__(self, kind: Kind, text: str, seconds: float) -> None:
        super().__init__(text)
        self.kind: Kind = kind
        self.text = text
        self.seconds = seconds


class _Worker:
    """One worker, which holds one session with the BMC."""

    def __init__(self, seconds: float) -> None:
        self.is_open = False
        self.session = 0
        self._seconds = seconds
        self._began = time.monotonic()
        self._rest = b""
        self._failed: _Gone | None = None
        # -P: our own modules must not stand in for those of the same name that the library imports.
        argv = [sys.executable, "-P", str(WORKER)]
        self._stream = Stream(argv, without_secrets(os.environ), terminal=False)

    def tell(self, order: dict[str, object]) -> None:
        """Say where the BMC is, and who we are."""
        self._stream.tell(json.dumps({**order, "action": "listen", "seconds": self._seconds}).encode() + b"\n")

    def hear(self, seconds: float) -> list[bytes | Note]:
        """What it tells within so many seconds. Raises `_Gone`, once all that was told before has been handed out."""
        if self._failed is not None:
            raise self._failed
        data = self._stream.read(seconds)
        if data is None:
            status = self._stream.ended(1.0)
            raise self._gone("protocol", f"its worker ended with status {status}")
        *lines, self._rest = (self._rest + data).split(b"\n")
        said = [each for line in lines for each in self._word(line)]
        if len(self._rest) > _LONGEST_WORD or (not self.is_open and self._is_late()):
            raise self._gone("silent", "")
        return said

    def close(self) -> None:
        """Have it leave the BMC in good order, and end it."""
        self._stream.close(_GOODBYE)

    def _word(self, line: bytes) -> list[bytes | Note]:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return []
        if not isinstance(said, dict):
            return []
        if said.get("error") in _KINDS:
            self._failed = self._gone(said["error"], clean(str(said.get("text", ""))))
        if said.get("open") is True and isinstance(said.get("session"), int):
            self.is_open, self.session = True, said["session"]
        if isinstance(said.get("note"), str):
            return [Note(clean(said["note"]))]
        try:
            return [base64.b64decode(said["data"])] if "data" in said else []
        except (binascii.Error, TypeError, ValueError):
            return []

    def _is_late(self) -> bool:
        return time.monotonic() - self._began > self._seconds + 1

    def _gone(self, kind: Kind, text: str) -> _Gone:
        return _Gone(kind, text, time.monotonic() - self._began)
