# SPDX-License-Identifier: Apache-2.0
"""Which nodes a run looks at: from --nodes and an inventory, from testinfra's --hosts, or from kept evidence."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence, EvidenceError, load_directory
from kdumpcheck.nodes import Inventory, InventoryError, Node, find_inventory, load_inventory
from kdumpcheck.nodes.node import quote
from kdumpcheck.power import WAYS
from kdumpcheck.suite.options import Options
from kdumpcheck.transport import SCHEMES

_SSH = re.compile(r"(?:ssh|paramiko|safe-ssh)://(?:(?P<user>[^@:/]+)@)?(?P<host>[^:/?@]+)(?::(?P<port>\d+))?")


def inventory_of(options: Options) -> Inventory:
    """The inventory given, or the first of the usual places that has one. Raises `pytest.UsageError`."""
    try:
        if options.inventory is not None:
            return load_inventory(options.inventory)
        return find_inventory(os.environ, Path.cwd(), Path.home())
    except InventoryError as error:
        raise pytest.UsageError(str(error)) from None


def nodes_of(options: Options, inventory: Inventory) -> tuple[Node, ...]:
    """The nodes to reach, never none. Raises `pytest.UsageError`."""
    if options.hosts is not None:
        return _reachable("--hosts", _hosts(options.hosts))
    if not options.nodes:
        raise pytest.UsageError("no node was named: give --nodes SET (as in --nodes 'ncn-m001,ncn-w[001-003]')")
    try:
        return _reachable("--nodes", inventory.select(options.nodes))
    except InventoryError as error:
        raise pytest.UsageError(f"--nodes: {error}") from None


def _reachable(option: str, nodes: tuple[Node, ...]) -> tuple[Node, ...]:
    """The same nodes, when there is a way to each, and to its power, of the kind that is named."""
    for node in nodes:
        scheme = (node.hostspec or "").partition("://")[0]
        if scheme and scheme not in SCHEMES:
            ways = ", ".join(SCHEMES)
            raise pytest.UsageError(
                f"{option}: {quote(node.hostspec or '')}: no way to a node is called {scheme!r} (there are {ways})"
            )
        way = node.bmc_address.partition("://")[0] if "://" in node.bmc_address else ""
        if way and way not in WAYS:
            ways = ", ".join(WAYS)
            raise pytest.UsageError(
                f"{option}: bmc of {node.name}: no way to a node's power is called {way!r} (there are {ways})"
            )
    return nodes


def kept_evidence(nodes: str | None, inventory: Inventory, directory: Path) -> dict[str, Evidence]:
    """The evidence to judge again: all that is in the bundle, or --nodes' part of it. Raises `pytest.UsageError`."""
    try:
        bundle = load_directory(directory)
        if nodes is None:
            return bundle
        groups = {group: [name for name in names if name in bundle] for group, names in inventory.groups.items()}
        known = Inventory.of([Node(name) for name in bundle], groups, origin=str(directory), loader="")
        return {node.name: bundle[node.name] for node in known.select(nodes)}
    except (EvidenceError, InventoryError) as error:
        raise pytest.UsageError(f"--replay: {error}") from None


def _hosts(hosts: str) -> tuple[Node, ...]:
    """Testinfra's host specifications; those over ssh become ours, the others keep testinfra's backend."""
    try:
        nodes = tuple(_host(spec.strip()) for spec in hosts.split(",") if spec.strip())
    except InventoryError as error:
        raise pytest.UsageError(f"--hosts: {error}") from None
    if not nodes:
        raise pytest.UsageError("--hosts names no host")
    return nodes


def _host(spec: str) -> Node:
    if "://" not in spec:
        return Node(spec)
    if ssh := _SSH.fullmatch(spec):
        port = int(ssh["port"]) if ssh["port"] else None
        return Node(ssh["host"], port=port, user=ssh["user"])
    scheme, _, rest = spec.partition("://")
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", f"{scheme}-{rest}").strip("-.") if rest else "localhost"
    return Node(name, hostspec=spec)
