# SPDX-License-Identifier: Apache-2.0
"""A node's power button: its BMC over IPMI or Redfish, or a site's own program."""

from __future__ import annotations

from kdumpcheck.power.choose import WAYS, Ways
from kdumpcheck.power.guard import is_this_machine
from kdumpcheck.power.login import Login, login_of
from kdumpcheck.power.outcome import ACTIONS, HARMFUL, Action, Outcome, PowerError, State
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import Trust

__all__ = [
    "ACTIONS",
    "HARMFUL",
    "WAYS",
    "Action",
    "Login",
    "Outcome",
    "Power",
    "PowerError",
    "State",
    "Trust",
    "Ways",
    "is_this_machine",
    "login_of",
]
