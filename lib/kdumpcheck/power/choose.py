# SPDX-License-Identifier: Apache-2.0
"""Which way to a node's power button: what the operator says, else the inventory, else IPMI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kdumpcheck.nodes import Node
from kdumpcheck.power.address import Address
from kdumpcheck.power.command import CommandPower
from kdumpcheck.power.ipmi import IpmiPower
from kdumpcheck.power.login import Login
from kdumpcheck.power.outcome import PowerError
from kdumpcheck.power.power import Power
from kdumpcheck.power.redfish import USUAL_TRUST, RedfishPower, Trust

WAYS: Final = ("ipmi", "redfish", "command")


@dataclass(frozen=True, slots=True)
class Ways:
    """What holds for all nodes. `way` is None to leave it to the inventory; `command` a template for that way."""

    login: Login
    way: str | None = None
    command: str | None = None
    trust: Trust = USUAL_TRUST

    def to(self, node: Node) -> Power:
        """The power button of one node. Raises `PowerError` for a way or an address that cannot be used."""
        address = Address.of(node.bmc_address)
        if address is None:
            raise PowerError("config", node.name, f"{node.bmc_address!a} is not a usable BMC address")
        way = self.way or address.scheme or "ipmi"
        if way == "redfish":
            return RedfishPower(node.name, address, self.login, self.trust)
        if way == "command":
            if self.command is None:
                raise PowerError("config", node.name, "its power takes a program of yours: name it with --command")
            return CommandPower(node.name, address, self.login, self.command)
        return IpmiPower(node.name, address, self.login)
