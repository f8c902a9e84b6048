# SPDX-License-Identifier: Apache-2.0
"""CSM's System Layout Service: `sls_input_file.json`, a dump of it, or a search answer of the cray command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.node import InventoryError, Node

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LOADER = "SLS dump"
_NCN = re.compile(r"ncn-[A-Za-z0-9-]+", re.ASCII)
_ROLES = frozenset({"master", "worker", "storage"})


def is_sls(document: object) -> bool:
    """Whether a JSON document is SLS's: a dump with "Hardware", or a list of hardware entries."""
    if isinstance(document, list):
        return any(isinstance(entry, dict) and "Xname" in entry for entry in document)
    return isinstance(document, dict) and "Hardware" in document


def read_sls(document: object, path: Path) -> Inventory:
    """The NCNs that SLS knows: hardware of role Management, by their `ncn-...` alias.

    SLS tells names and roles only; names are resolved where kdumpcheck runs, and a BMC is `<name>-mgmt`.
    Raises `InventoryError` when the hardware is not a list or mapping, or has no NCN in it.
    """
    nodes = [node for entry in _hardware(document, path) for node in _nodes(entry, path)]
    if not nodes:
        raise InventoryError(f"{path}: SLS hardware without an NCN (Role Management and an ncn- alias)")
    return Inventory.of(nodes, origin=str(path), loader=LOADER)


def _hardware(document: object, path: Path) -> Iterable[object]:
    hardware = document.get("Hardware") if isinstance(document, dict) else document
    if isinstance(hardware, dict):
        return list(hardware.values())
    if isinstance(hardware, list):
        return hardware
    raise InventoryError(f"{path}: its Hardware is neither a mapping nor a list")


def _nodes(entry: object, path: Path) -> Iterable[Node]:
    extra = entry.get("ExtraProperties") if isinstance(entry, dict) else None
    if not isinstance(extra, dict) or extra.get("Role") != "Management":
        return
    aliases = extra.get("Aliases")
    if not isinstance(aliases, list):
        return
    for alias in aliases:
        if isinstance(alias, str) and _NCN.fullmatch(alias):
            yield _node(alias, extra.get("SubRole"), path)


def _node(name: str, subrole: object, path: Path) -> Node:
    word = subrole.lower() if isinstance(subrole, str) else ""
    try:
        return Node(name, role=word if word in _ROLES else None)
    except InventoryError as error:
        raise InventoryError(f"{path}: {error}") from None
