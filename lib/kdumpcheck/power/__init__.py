# SPDX-License-Identifier: Apache-2.0
"""A node's power button and its console: through its BMC over IPMI or Redfish, or a site's own program."""

from __future__ import annotations

from kdumpcheck.power.choose import WAYS, Ways
from kdumpcheck.power.command import CommandPower
from kdumpcheck.power.console import Console, ConsoleError, Line
from kdumpcheck.power.console_choose import open_console
from kdumpcheck.power.guard import is_this_machine
from kdumpcheck.power.login import Login, login_of
from kdumpcheck.power.outcome import ACTIONS, HARMFUL, Action, Outcome, PowerError, State
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import Trust
from kdumpcheck.power.way import Bmc, Way

__all__ = [
    "ACTIONS",
    "HARMFUL",
    "WAYS",
    "Action",
    "Bmc",
    "CommandPower",
    "Console",
    "ConsoleError",
    "Line",
    "Login",
    "Outcome",
    "Power",
    "PowerError",
    "State",
    "Trust",
    "Way",
    "Ways",
    "is_this_machine",
    "login_of",
    "open_console",
]
