# SPDX-License-Identifier: Apache-2.0
"""What a way to a node's power is: its name, and how it makes the button of one node; plugins add theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kdumpcheck.nodes import Node
from kdumpcheck.power.address import Address
from kdumpcheck.power.login import Login
from kdumpcheck.power.outcome import Action, Kind, Outcome, PowerError
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import USUAL_TRUST, Trust
from kdumpcheck.raised import said
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.secret import SecretError


@dataclass(frozen=True, slots=True)
class Bmc:
    """One node's BMC, or whatever stands for it, and what the operator said of it.

    `command` is --power-command, or --command of `kdumpcheck power`; `trust` is for HTTPS.
    """

    node: Node
    address: Address
    login: Login
    command: str | None = None
    trust: Trust = USUAL_TRUST


@dataclass(frozen=True, slots=True)
class Way:
    """One way to press a node's power button.

    `name` is what --power-via, --via and the inventory (`bmc: NAME://HOST`) call it; `words` say in a line what is
    spoken with; `button` makes the button, opens nothing yet, and raises `PowerError` for what cannot be used.
    """

    name: str
    words: str
    button: Callable[[Bmc], Power]

    def to(self, bmc: Bmc) -> Power:
        """The button of one node; what a plugin raises by mistake is a `PowerError` that names its file and line."""
        try:
            button = self.button(bmc)
        except (PowerError, SecretError):
            raise
        except Exception as error:  # noqa: BLE001 - a mistake in somebody's plugin costs a line, and no run
            raise PowerError(
                "config", bmc.node.name, f"the way {self.name} to its power broke: {said(error)}"
            ) from None
        if not callable(getattr(button, "press", None)):
            broke = f"the way {self.name} to its power broke: it gave {button!a:.60} for a button"
            raise PowerError("config", bmc.node.name, broke)
        return _Careful(button, self.name, bmc.node.name)


@dataclass(frozen=True, slots=True)
class _Careful:
    """A button whose mistakes are told in a line."""

    _power: Power
    _way: str
    _node: str

    @property
    def login(self) -> Login:
        """See `Power`."""
        return self._power.login

    @property
    def where(self) -> str:
        """See `Power`."""
        return self._power.where

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        """See `Power`."""
        try:
            return self._power.press(action, deadline)
        except (PowerError, SecretError):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            # How far it had come nobody knows; a question alone does nothing.
            kind: Kind = "protocol" if action == "status" else "unconfirmed"
            told = f"the way {self._way} to its power broke: {said(error)}"
            raise PowerError(kind, self._node, told) from None
