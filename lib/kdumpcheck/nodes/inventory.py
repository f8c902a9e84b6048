# SPDX-License-Identifier: Apache-2.0
"""The nodes of a site: by name, in groups, chosen by a node set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from kdumpcheck.nodes.node import InventoryError, Node, quote
from kdumpcheck.nodes.nodeset import ALL, MAX_NODES, expand, natural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# Flat groups cost memory: 100,000 nodes in twenty groups each are allowed, no more.
MAX_MEMBERSHIPS = 2_000_000
GROUP_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Inventory:
    """What is known about the nodes; made by `Inventory.of` or read by `load_inventory`.

    `groups` holds every group flat, in natural order: those the source wrote down, each role, and "all".
    `origin` is the file or variable it came from, None when there is no inventory at all; `loader` says who
    read it; `notes` are lines the operator should see; `found` says how we came by it, unless it was named.
    `ssh_config` and `known_hosts` are paths or None.
    """

    nodes: Mapping[str, Node]
    groups: Mapping[str, tuple[str, ...]]
    origin: str | None = None
    loader: str = "no inventory"
    ssh_config: Path | None = None
    known_hosts: Path | None = None
    notes: tuple[str, ...] = ()
    found: str | None = None

    @classmethod
    def none(cls) -> Inventory:
        """No inventory: any name is a node, and ssh_config says how to reach it."""
        return cls(MappingProxyType({}), MappingProxyType({}))

    @classmethod
    def of(
        cls,
        nodes: Iterable[Node],
        groups: Mapping[str, Iterable[str]] | None = None,
        *,
        origin: str,
        loader: str,
        ssh_config: Path | None = None,
        known_hosts: Path | None = None,
        notes: Iterable[str] = (),
    ) -> Inventory:
        """Put an inventory together; a group written down wins over a role of the same name.

        Raises `InventoryError` when there is no node, one twice, too many, or a group with an unknown member.
        """
        by_name = _by_name(nodes, origin)
        return cls(
            MappingProxyType(by_name),
            MappingProxyType(_flat_groups(by_name, groups or {}, origin)),
            origin,
            loader,
            ssh_config,
            known_hosts,
            tuple(notes),
        )

    def select(self, expression: str = f"@{ALL}") -> tuple[Node, ...]:
        """The nodes a set expression names, in natural order; never none.

        Without an inventory the names themselves are the nodes. Raises `InventoryError` in one line for an
        unknown node or group (with the closest name), for what cannot be parsed, and for an empty choice.
        """
        known = None if self.origin is None else self.nodes
        names = expand(expression, self.groups, known)
        if not names:
            raise InventoryError(f"the node set {quote(expression.strip())} is empty: nothing to look at")
        return tuple(Node(name) if known is None else known[name] for name in names)

    def describe(self) -> str:
        """One line on where the nodes come from and who read them."""
        if self.origin is None:
            return "no inventory: node names are taken as they are, ssh_config says how to reach them"
        count = "1 node" if len(self.nodes) == 1 else f"{len(self.nodes)} nodes"
        found = f", found {self.found}" if self.found else ""
        return f"{count} from {self.origin}{found} (read as {self.loader})"


def roles(nodes: Iterable[Node]) -> dict[str, list[str]]:
    """The names of the nodes of each role."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        if node.role is not None:
            found.setdefault(node.role, []).append(node.name)
    return found


def _by_name(nodes: Iterable[Node], origin: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for node in nodes:
        if node.name in found:
            raise InventoryError(f"{origin}: node {node.name} is there twice")
        found[node.name] = node
        if len(found) > MAX_NODES:
            raise InventoryError(f"{origin}: more than {MAX_NODES} nodes")
    if not found:
        raise InventoryError(f"{origin}: no nodes in it")
    return dict(sorted(found.items(), key=lambda item: natural(item[0])))


def _flat_groups(
    nodes: Mapping[str, Node], groups: Mapping[str, Iterable[str]], origin: str
) -> dict[str, tuple[str, ...]]:
    place = {name: position for position, name in enumerate(nodes)}
    flat: dict[str, tuple[str, ...]] = {}
    memberships = 0
    for name, members in {**roles(nodes.values()), **groups, ALL: nodes}.items():
        unique = set(members)
        memberships += len(unique)
        if not unique <= place.keys():
            stranger = quote(min(unique - place.keys()))
            raise InventoryError(f"{origin}: group {quote(name)} has the unknown member {stranger}")
        if memberships > MAX_MEMBERSHIPS:
            raise InventoryError(f"{origin}: its groups have more than {MAX_MEMBERSHIPS} members in all")
        flat[name] = tuple(sorted(unique, key=place.__getitem__))
    return flat
