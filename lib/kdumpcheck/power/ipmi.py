# SPDX-License-Identifier: Apache-2.0
"""The power button over IPMI 2.0: RMCP+ ("lanplus"), cipher suite 17, or 3 where the BMC has no 17."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kdumpcheck.power import worker
from kdumpcheck.power.address import Address
from kdumpcheck.power.login import Login
from kdumpcheck.power.outcome import Action, Outcome, PowerError
from kdumpcheck.power.words import outcome_of
from kdumpcheck.transport.deadline import Deadline

PORT: Final = 623

WORKER: Final = Path(__file__).parents[1] / "ipmi" / "worker.py"
# IPMI 2.0 table 22-27: user names have 16 bytes, and passwords 20.
_USER_LIMIT: Final = 16
_PASSWORD_LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class IpmiPower:
    """The power button of a node whose BMC speaks IPMI."""

    node: str
    address: Address
    login: Login

    @property
    def where(self) -> str:
        """As in "ipmi ncn-w001-mgmt"."""
        return f"ipmi {self.address}"

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        """Do one action; see `Power.press`. Raises `PowerError` and `SecretError`."""
        check_credentials(self.node, self.login)

        def errand() -> worker.Report:
            # No variable holds the password: a failing test may show all there are.
            return worker.run(WORKER, {**order_of(self.address, self.login), "action": action}, deadline)

        return outcome_of(self.node, action, self.where, self.login.user, errand)


def check_credentials(node: str, login: Login) -> None:
    """Have the password at hand. Raises `SecretError`, and `PowerError` for what IPMI has no room for."""
    if len(login.user.encode()) > _USER_LIMIT:
        raise PowerError("config", node, f"a user of IPMI has at most {_USER_LIMIT} bytes in its name")
    if len(login.password.reveal().encode()) > _PASSWORD_LIMIT:
        raise PowerError("config", node, f"a password of IPMI has at most {_PASSWORD_LIMIT} bytes")


def order_of(address: Address, login: Login) -> dict[str, object]:
    """What the worker must know to log in; it holds the password."""
    told = {"host": address.host, "port": address.port or PORT, "user": login.user}
    return {**told, "password": login.password.reveal()}
