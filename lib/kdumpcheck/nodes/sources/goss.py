# SPDX-License-Identifier: Apache-2.0
"""The node list that CSM's own tests take from the environment: GOSS_TEST_NCN_LIST."""

from __future__ import annotations

from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.node import InventoryError, Node
from kdumpcheck.nodes.nodeset import expand

VARIABLE = "GOSS_TEST_NCN_LIST"


def read_goss(value: str) -> Inventory:
    """The names in the variable, separated by blanks or commas; ranges are welcome too.

    Raises `InventoryError` for what is no node name. Source: csm-testing, run-ncn-tests.sh.
    """
    words = value.replace(",", " ").split() if "[" not in value else [value]
    try:
        names = expand(",".join(words))
    except InventoryError as error:
        raise InventoryError(f"${VARIABLE}: {error}") from None
    return Inventory.of(map(Node, names), origin=f"${VARIABLE}", loader="list of names")
