# SPDX-License-Identifier: Apache-2.0
"""What can be asked of a node's power, and what came of it: one short kind for programs, one clear line for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from kdumpcheck.nodes.errors import NodeError

Action = Literal["status", "on", "off", "cycle", "reset", "nmi"]
ACTIONS: Final[tuple[Action, ...]] = ("status", "on", "off", "cycle", "reset", "nmi")

HARMFUL: Final[frozenset[Action]] = frozenset({"off", "cycle", "reset", "nmi"})
"""What a running node does not survive."""

State = Literal["on", "off"]

Kind = Literal[
    "config",  # an option, a template or a certificate file cannot be used
    "resolve",  # no address is known for the BMC's name
    "refused",  # the address answers, but nothing listens there
    "silent",  # no answer, or none to the end, within the time given
    "auth",  # the user is unknown, or the password is wrong, or the user may not do this
    "locked",  # the BMC takes no more sessions, or none of this user now
    "certificate",  # the BMC's certificate is not one we trust
    "unsupported",  # the BMC does not know this action
    "rejected",  # the BMC understood, and did not do it
    "protocol",  # what answers is not a BMC we can talk to
    "unconfirmed",  # it was sent, and nobody knows whether it was done
]

_DONE: Final[dict[Action, str]] = {
    "status": "power is {state}",
    "on": "power is on",
    "off": "power is off",
    "cycle": "power cycled: off, and on again",
    "reset": "reset",
    "nmi": "NMI sent: the node panics, and dumps if it can",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One action that was done. `state` is None where the action does not tell; `where` is the BMC's address."""

    node: str
    action: Action
    where: str
    seconds: float
    state: State | None = None

    def line(self) -> str:
        """What was done, for the operator."""
        return f"{self.node}: {_DONE[self.action].format(state=self.state)} ({self.where}, {self.seconds:.1f} s)"


class PowerError(NodeError[Kind]):
    """An action was not done, or nobody knows. Only with "unconfirmed" may the action have been done."""
