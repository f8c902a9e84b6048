# SPDX-License-Identifier: Apache-2.0
"""Writing an inventory as our own YAML, so that any other form can become one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import yaml

from kdumpcheck.nodes.fold import fold
from kdumpcheck.nodes.inventory import GROUP_NAME, roles
from kdumpcheck.nodes.node import role_of
from kdumpcheck.nodes.nodeset import ALL
from kdumpcheck.nodes.sources.own import MARK, VERSION

if TYPE_CHECKING:
    from kdumpcheck.nodes.inventory import Inventory
    from kdumpcheck.nodes.node import Node

_WIDTH = 110


def dump(inventory: Inventory) -> str:
    """The inventory as YAML text; reading it back gives the same nodes, groups and paths.

    Nodes that differ in nothing but their name share a line. `ssh_config` and `known_hosts` are written as
    they are, so a relative one is meant relative to where the text will be kept.
    """
    document: dict[str, object] = {MARK: VERSION}
    for key, path in (("ssh_config", inventory.ssh_config), ("known_hosts", inventory.known_hosts)):
        if path is not None:
            document[key] = str(path)
    document["nodes"] = _nodes(inventory)
    if groups := _groups(inventory):
        document["groups"] = groups
    return yaml.safe_dump(document, sort_keys=False, default_flow_style=None, width=_WIDTH)


def _nodes(inventory: Inventory) -> dict[str, dict[str, object]]:
    alike: dict[tuple[tuple[str, object], ...], list[str]] = {}
    written: dict[str, dict[str, object]] = {}
    for node in inventory.nodes.values():
        entry = _entry(node)
        if "address" in entry or "bmc" in entry:
            written[node.name] = entry
        else:
            alike.setdefault(tuple(entry.items()), []).append(node.name)
    return written | {fold(names): dict(entry) for entry, names in alike.items()}


def _entry(node: Node) -> dict[str, object]:
    entry = {key: value for key, value in asdict(node).items() if value is not None and key != "name"}
    if node.role == role_of(node.name):
        entry.pop("role", None)
    return entry


def _groups(inventory: Inventory) -> dict[str, str]:
    """The groups that reading the nodes alone would not give."""
    told = {name: tuple(members) for name, members in roles(inventory.nodes.values()).items()}
    return {
        name: fold(members)
        for name, members in inventory.groups.items()
        if name != ALL and members and told.get(name) != members and GROUP_NAME.fullmatch(name)
    }
