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
from kdumpcheck.power.way import Bmc, Way

USUAL: Final = "ipmi"


def _command(bmc: Bmc) -> Power:
    if bmc.command is None:
        raise PowerError("config", bmc.node.name, "its power takes a program of yours: name it with --command")
    return CommandPower(bmc.node.name, bmc.address, bmc.login, bmc.command)


#: Every way, by its name; plugins add theirs.
WAYS: dict[str, Way] = {
    way.name: way
    for way in (
        Way(USUAL, "IPMI 2.0 over the network", lambda bmc: IpmiPower(bmc.node.name, bmc.address, bmc.login)),
        Way(
            "redfish",
            "Redfish over HTTPS",
            lambda bmc: RedfishPower(bmc.node.name, bmc.address, bmc.login, bmc.trust),
        ),
        Way("command", "a program of the operator's", _command),
    )
}


@dataclass(frozen=True, slots=True)
class Ways:
    """What holds for all nodes; what the inventory says of one node's login comes before it.

    `way` and `console` are None to leave them to the inventory; `command` is a template for the way of that name.
    """

    login: Login
    way: str | None = None
    command: str | None = None
    trust: Trust = USUAL_TRUST
    console: str | None = None

    def to(self, node: Node) -> Power:
        """The power button of one node. Raises `PowerError` for a way or an address that cannot be used."""
        address = self.address(node)
        name = self.way or address.scheme or USUAL
        if name not in WAYS:
            ways = ", ".join(WAYS)
            raise PowerError("config", node.name, f"no way to its power is called {name[:60]!a} (there are {ways})")
        return WAYS[name].to(Bmc(node, address, self.login_to(node), self.command, self.trust))

    def address(self, node: Node) -> Address:
        """Where its BMC answers. Raises `PowerError`."""
        address = Address.of(node.bmc_address)
        if address is None:
            raise PowerError("config", node.name, f"{node.bmc_address!a} is not a usable BMC address")
        return address

    def login_to(self, node: Node) -> Login:
        """Who we are for its BMC; nothing is read or asked for yet."""
        return self.login.at(node)
