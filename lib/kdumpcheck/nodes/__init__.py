# SPDX-License-Identifier: Apache-2.0
"""Which nodes there are, what they are called and where to reach them."""

from __future__ import annotations

from kdumpcheck.nodes.dump import dump
from kdumpcheck.nodes.find import find_inventory
from kdumpcheck.nodes.fold import fold
from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.load import load_inventory
from kdumpcheck.nodes.node import InventoryError, Node, role_of
from kdumpcheck.nodes.nodeset import expand, natural

__all__ = [
    "Inventory",
    "InventoryError",
    "Node",
    "dump",
    "expand",
    "find_inventory",
    "fold",
    "load_inventory",
    "natural",
    "role_of",
]
