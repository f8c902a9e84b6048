# SPDX-License-Identifier: Apache-2.0
"""A hosts file, as CSM writes it on every NCN: addresses, names, and the BMCs as `<name>-mgmt`."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.node import InventoryError, Node

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOADER = "hosts file"

# The names csm-testing and the vendor's scripts accept: three digits, never 000.
_NAME = r"ncn-[msw](?:[1-9][0-9][0-9]|0[1-9][0-9]|00[1-9])"
_NODE = re.compile(rf"({_NAME})(\.nmn)?", re.ASCII)
# `ncn-m001-mgmt`; the site's side of m001's BMC is called `<system>-ncn-m001-mgmt`.
_BMC = re.compile(rf"([A-Za-z0-9.-]+-)?({_NAME})-mgmt", re.ASCII)


def is_hosts(text: str) -> bool:
    """Whether the first line that says anything is an address followed by a name."""
    for address, names in _entries(text):
        return address is not None and bool(names) and "=" not in names[0]
    return False


def read_hosts(text: str, path: Path) -> Inventory:
    """The NCNs of a hosts file, each with its address and, when it is there, its BMC's.

    The plain name counts first, then `<name>.nmn`; of two addresses the first, as the resolver does. For a
    BMC `<system>-<name>-mgmt` counts before `<name>-mgmt`: m001's BMC is on the site's network.
    Raises `InventoryError` when there is no NCN. Source: hosts(5), CSM's collecting_bmc_mac_addresses.
    """
    plain: dict[str, str] = {}
    network: dict[str, str] = {}
    bmcs: dict[str, str] = {}
    site: dict[str, str] = {}
    for address, names in _entries(text):
        for name in names if address else ():
            if found := _NODE.fullmatch(name):
                (network if found[2] else plain).setdefault(found[1], str(address))
            elif found := _BMC.fullmatch(name):
                (site if found[1] else bmcs).setdefault(found[2], str(address))
    addresses = network | plain
    if not addresses:
        raise InventoryError(f"{path}: a hosts file without an NCN (names like ncn-w001)")
    return Inventory.of(_nodes(addresses, bmcs | site), origin=str(path), loader=LOADER)


def _entries(text: str) -> Iterator[tuple[str | None, list[str]]]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if words:
            yield _address(words[0]), words[1:]


def _address(word: str) -> str | None:
    try:
        return str(ipaddress.ip_address(word))
    except ValueError:
        return None


def _nodes(addresses: dict[str, str], bmcs: dict[str, str]) -> Iterator[Node]:
    for name, address in addresses.items():
        yield Node(name, address=address, bmc=bmcs.get(name))
