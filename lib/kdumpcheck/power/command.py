# SPDX-License-Identifier: Apache-2.0
"""The power button pressed by a site's own program: a power service, a PDU, a script around another tool."""

from __future__ import annotations

import os
import re
import shlex
import time
from collections.abc import Iterable
from dataclasses import dataclass

from kdumpcheck.power import child
from kdumpcheck.power.address import Address
from kdumpcheck.power.login import PASSWORD_VARIABLE, USER_VARIABLE, Login, without_secrets
from kdumpcheck.power.outcome import Action, Outcome, PowerError, State
from kdumpcheck.transport.deadline import Deadline

_STATE = re.compile(r"\b(on|off)\b", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class CommandPower:
    """The power button of a node for which a program has to be run; exit status 0 means that it is done.

    `template` is a command line without a shell, in which {action}, {node} and {bmc} are filled in. The program finds
    $USERNAME and $IPMI_PASSWORD in its environment, and answers `status` with the one word on or off.
    """

    node: str
    address: Address
    login: Login
    template: str

    @property
    def where(self) -> str:
        """As in "the program bmc-tool"."""
        return f"the program {os.path.basename(self._words()[0])}"  # noqa: PTH119 - a name, which may be no path

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        """Do one action; see `Power.press`. Raises `PowerError` and `SecretError`."""
        start = time.monotonic()
        heard: list[str] = []
        try:
            # No variable holds the password: a failing test may show all there are.
            ended = child.run(self._argv(action), self._environ(), b"", deadline, heard.append)
        except OSError as error:
            raise PowerError("config", self.node, f"{self.where} cannot be run: {error.strerror}") from None
        except KeyboardInterrupt:
            raise KeyboardInterrupt("the program had been started, and may have done it") from None
        seconds = time.monotonic() - start
        if ended.status != 0:
            # What it complains of is the operator's to see; what it was told is not.
            raise self._not_done(
                action, ended.status, ended.complaint.replace(self.login.password.reveal(), "..."), seconds
            )
        return Outcome(self.node, action, self.where, seconds, self._state(action, heard))

    def _environ(self) -> dict[str, str]:
        told = {USER_VARIABLE: self.login.user, PASSWORD_VARIABLE: self.login.password.reveal()}
        return without_secrets(os.environ) | told

    def _not_done(self, action: Action, status: int | None, complaint: str, seconds: float) -> PowerError:
        why = f": {complaint}" if complaint else ""
        if status is not None:
            return PowerError("rejected", self.node, f"{self.where} ended with status {status}{why}")
        text = f"{self.where} had not ended after {seconds:.0f} s, and was stopped{why}"
        if action == "status":
            return PowerError("silent", self.node, f"{text}; nothing was changed")
        return PowerError("unconfirmed", self.node, f"{text}; it may have been done: look before you try again")

    def _state(self, action: Action, heard: list[str]) -> State | None:
        if action in ("on", "off"):
            return action
        if action != "status":
            return None
        found = {word.lower() for line in heard for word in _STATE.findall(line)}
        if found == {"on"}:
            return "on"
        if found == {"off"}:
            return "off"
        raise PowerError("protocol", self.node, f"{self.where} did not say whether power is on or off")

    def _argv(self, action: Action) -> list[str]:
        words = self._words()
        if not any("{action}" in word for word in words):
            raise PowerError("config", self.node, "its command line needs {action} in it, and mostly {bmc} or {node}")
        return filled(words, action=action, node=self.node, bmc=str(self.address))

    def _words(self) -> list[str]:
        try:
            return words_of(self.template)
        except ValueError as error:
            raise PowerError("config", self.node, f"--command: {error}") from None


def words_of(template: str) -> list[str]:
    """A command line taken apart as a shell would, never empty. Raises `ValueError`."""
    words = shlex.split(template)
    if not words:
        raise ValueError("it is empty")
    return words


def filled(words: Iterable[str], **values: str) -> list[str]:
    """The words with {name} replaced by the value of that name; other braces stay."""
    pattern = re.compile("{(" + "|".join(values) + ")}")
    return [pattern.sub(lambda found: values[found[1]], word) for word in words]
