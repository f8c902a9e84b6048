# SPDX-License-Identifier: Apache-2.0
"""What a way to a node's power is: its name, and how it makes the button of one node; plugins add theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kdumpcheck.nodes import Node
from kdumpcheck.power.address import Address
from kdumpcheck.power.login import Login
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import USUAL_TRUST, Trust


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
