# SPDX-License-Identifier: Apache-2.0
"""The list of racks that this site keeps: NAME,ADDRESS,RACK in each line of a file that ends in .racks."""

from __future__ import annotations

import csv

from kdumpcheck.nodes import File, Inventory, InventoryError, Node, Source


def read(file: File) -> Inventory:
    """The nodes of all racks; each rack is a group."""
    nodes: list[Node] = []
    racks: dict[str, list[str]] = {}
    for number, row in enumerate(csv.reader(file.text.splitlines()), start=1):
        try:
            name, address, rack = row
            nodes.append(Node(name, address=address))
        except ValueError as error:  # an InventoryError is one, too
            raise InventoryError(f"{file.path}:{number}: {error}") from None
        racks.setdefault(rack, []).append(name)
    return Inventory.of(nodes, racks, origin=str(file.path), loader="list of racks")


INVENTORY = Source("racks", "the list of racks", lambda file: file.path.suffix == ".racks", read)
