# SPDX-License-Identifier: Apache-2.0
"""What every way to a node's power button offers."""

from __future__ import annotations

from typing import Protocol

from kdumpcheck.power.login import Login
from kdumpcheck.power.outcome import Action, Outcome
from kdumpcheck.transport.deadline import Deadline


class Power(Protocol):
    """One node's power button; nothing is opened before it is pressed."""

    @property
    def login(self) -> Login:
        """Who we are for the BMC."""

    @property
    def where(self) -> str:
        """The way and the address, as in "ipmi ncn-w001-mgmt"."""

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        """Do one action, at most once, and end with the deadline; on and off are seen to be so before it returns.

        Raises `PowerError`. An interruption by the operator ends it at once, and says in the exception's text
        whether the action had been sent.
        """
