# SPDX-License-Identifier: Apache-2.0
"""Nodes of this site without a BMC: their power is an outlet, which the site's own program pductl switches."""

from __future__ import annotations

from kdumpcheck.power import Bmc, CommandPower, Way


def outlet(bmc: Bmc) -> CommandPower:
    """The outlet of one node, for which the inventory says `bmc: pdu://STRIP`."""
    return CommandPower(bmc.node.name, bmc.address, bmc.login, "pductl --strip {bmc} {action} {node}")


POWER = Way("pdu", "the outlets of this site's power strips, by pductl", outlet)
