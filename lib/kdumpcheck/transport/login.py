# SPDX-License-Identifier: Apache-2.0
"""Logging in: keys first, a password only if the operator gave one, and a clear line when nothing works."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import paramiko

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import TransportError, clean
from kdumpcheck.transport.identities import Offer
from kdumpcheck.transport.secret import Secret
from kdumpcheck.transport.target import Target
from kdumpcheck.transport.wire import Wire


class Login:
    """One attempt to log in to one target over a wire whose host key has been verified."""

    def __init__(self, wire: Wire, target: Target, deadline: Deadline) -> None:
        self._wire = wire
        self._target = target
        self._deadline = deadline
        self._allowed: set[str] | None = None  # not known until the server has refused something
        self._tried: list[str] = []
        self._sent = False  # the password, in answer to a question
        self._notes: list[str] = []

    def run(self, offer: Offer, password: Secret | None) -> None:
        """Log in, or raise `TransportError` (auth, silent or cut)."""
        methods: dict[str, Callable[[], bool]] = {"publickey": lambda: self._keys(offer)}
        if password is not None:
            methods["keyboard-interactive"] = lambda: self._asked(password)
            methods["password"] = lambda: self._password(password)
        wanted = [method for method in self._target.methods if method in methods]
        while method := next((each for each in wanted if self._may(each)), None):
            wanted.remove(method)
            if methods[method]():
                return
        if not self._tried and self._try("no key at all", lambda: self._wire.auth_none(self._target.user)):
            return
        self._notes += offer.problems
        raise self._refused()

    def _may(self, method: str) -> bool:
        return self._allowed is None or method in self._allowed

    def _keys(self, offer: Offer) -> bool:
        for identity in offer:
            if self._try(identity.label, partial(self._wire.auth_publickey, self._target.user, identity.key)):
                return True
            if not self._may("publickey"):
                break
        return False

    def _password(self, password: Secret) -> bool:
        return not self._sent and self._try(
            "a password",
            lambda: self._wire.auth_password(self._target.user, password.reveal(), fallback=False),
        )

    def _asked(self, password: Secret) -> bool:
        def answer(_title: str, _instructions: str, prompts: list[tuple[str, bool]]) -> list[str]:
            # Only a hidden prompt is for a password, and only the first: a wrong one sent again locks accounts.
            answers = []
            for _, shown in prompts:
                answers.append("" if shown or self._sent else password.reveal())
                self._sent |= not shown
            return answers

        return self._try("a password", lambda: self._wire.auth_interactive(self._target.user, answer))

    def _try(self, label: str, attempt: Callable[[], list[str]]) -> bool:
        self._tried.append(label)
        self._wire.auth_timeout = self._deadline.remaining()
        try:
            further = attempt()
        except paramiko.BadAuthenticationType as error:
            self._tried.pop()  # it was not even looked at
            self._allowed = set(error.allowed_types)
            return False
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._raise_if_over(error)
            return False
        self._allowed = set(further) or None  # a list means: accepted, and one thing more is wanted
        return not further

    def _raise_if_over(self, error: Exception) -> None:
        place = f"{self._target.user}@{self._target.place}"
        if self._deadline.remaining() < 0.1:
            text = f"{place} stalls while logging in: is its name service, PAM or home file system stuck?"
            raise TransportError("silent", self._target.name, text) from None
        if self._wire.is_active() and isinstance(error, paramiko.AuthenticationException):
            return
        if self._wire.farewell:
            raise self._refused() from None
        text = f"{place} hung up while logging in ({clean(str(error)) or 'no reason given'})"
        raise TransportError("cut", self._target.name, text) from None

    def _refused(self) -> TransportError:
        target = self._target
        shown = ", ".join(self._tried[:4]) or "no key at all"
        tried = shown + (f" and {len(self._tried) - 4} more" if len(self._tried) > 4 else "")
        allowed = f"; it allows {', '.join(sorted(self._allowed))}" if self._allowed else ""
        notes = "".join(f"; {note}" for note in self._notes[:3])
        said = f"; it said: {self._wire.farewell}" if self._wire.farewell else ""
        text = (
            f"{target.place} does not let {target.user} in: tried {tried}{allowed}{said}{notes}."
            f" Try: ssh -p {target.port} {target.user}@{target.host}"
        )
        return TransportError("auth", target.name, text)
