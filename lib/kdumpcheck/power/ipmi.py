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

_WORKER: Final = Path(__file__).with_name("ipmi_worker.py")
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
        password = self._credentials()
        order = {
            "host": self.address.host,
            "port": self.address.port or PORT,
            "user": self.login.user,
            "password": password,
            "action": action,
        }
        return outcome_of(self.node, action, self.where, self.login.user, lambda: worker.run(_WORKER, order, deadline))

    def _credentials(self) -> str:
        password = self.login.password.reveal()
        if len(self.login.user.encode()) > _USER_LIMIT:
            raise PowerError("config", self.node, f"a user of IPMI has at most {_USER_LIMIT} bytes in its name")
        if len(password.encode()) > _PASSWORD_LIMIT:
            raise PowerError("config", self.node, f"a password of IPMI has at most {_PASSWORD_LIMIT} bytes")
        return password
