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
from kdumpcheck.nodes.sources.file import File
from kdumpcheck.nodes.sources.source import Source

__all__ = [
    "File",
    "Inventory",
    "InventoryError",
    "Node",
    "Source",
    "dump",
    "expand",
    "find_inventory",
    "fold",
    "load_inventory",
    "natural",
    "role_of",
]
