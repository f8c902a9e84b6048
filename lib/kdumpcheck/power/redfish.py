# SPDX-License-Identifier: Apache-2.0
"""The power button over Redfish: HTTPS, with a certificate that is verified or known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kdumpcheck.power import worker
from kdumpcheck.power.address import Address
from kdumpcheck.power.login import Login
from kdumpcheck.power.outcome import Action, Outcome, PowerError
from kdumpcheck.power.words import outcome_of
from kdumpcheck.transport.deadline import Deadline

PORT: Final = 443

_WORKER: Final = Path(__file__).with_name("redfish_worker.py")
_FINGERPRINT: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom to believe that he is the BMC: the machine's authorities, a file of others, or one certificate alone.

    `certificate` is its SHA-256, in hexadecimal with or without colons; nothing else is then looked at.
    """

    ca: Path | None = None
    certificate: str | None = None


USUAL_TRUST: Final = Trust()


@dataclass(frozen=True, slots=True)
class RedfishPower:
    """The power button of a node whose BMC speaks Redfish, and manages this one system."""

    node: str
    address: Address
    login: Login
    trust: Trust = USUAL_TRUST

    @property
    def where(self) -> str:
        """As in "redfish ncn-w001-mgmt"."""
        return f"redfish {self.address}"

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        """Do one action; see `Power.press`. Raises `PowerError` and `SecretError`."""
        order = {
            "host": self.address.host,
            "port": self.address.port or PORT,
            "user": self.login.user,
            "certificate": self._certificate(),
            "ca": str(self.trust.ca) if self.trust.ca else None,
            "action": action,
        }
        # Asked for before the clock starts; no variable holds it, as a failing test may show all there are.
        self.login.password.reveal()

        def errand() -> worker.Report:
            return worker.run(_WORKER, {**order, "password": self.login.password.reveal()}, deadline)

        return outcome_of(self.node, action, self.where, self.login.user, errand)

    def _certificate(self) -> str | None:
        if self.trust.certificate is None:
            return None
        digits = re.sub(r"^sha256|[:\s]", "", self.trust.certificate.strip().lower())
        if not _FINGERPRINT.fullmatch(digits):
            raise PowerError("config", self.node, "--certificate takes a SHA-256 of 64 hexadecimal digits")
        return digits
