# SPDX-License-Identifier: Apache-2.0
"""The machine we run on: it is never repaired, rebooted or crashed by mistake."""

from __future__ import annotations

from kdumpcheck.guards.gate import Gate
from kdumpcheck.nodes import Node
from kdumpcheck.power import is_this_machine

NAME = "guard.own-node"


def not_this_machine(node: Node, hostname: str, *, disrupts: bool) -> Gate:
    """A gate that holds for every node but the one that the operator is on.

    Who says `--hosts local://` means this very machine, and may have it repaired, but not rebooted or crashed.
    """
    local = (node.hostspec or "").startswith("local:")
    if local and not disrupts:
        return Gate(NAME, holds=True, said="this machine, as you say")
    if local or is_this_machine(node.name, hostname):
        hint = "" if disrupts else ", or name this machine with --hosts local://"
        return Gate(NAME, holds=False, said=f"{node.name} is the machine you are on: do it from another one{hint}")
    return Gate(NAME, holds=True, said=f"{node.name} is not the machine you are on")
