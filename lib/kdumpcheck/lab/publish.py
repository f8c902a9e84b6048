# SPDX-License-Identifier: Apache-2.0
"""Telling everybody else how to reach the lab's nodes: ssh_config, known_hosts and the inventory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from kdumpcheck.lab.addresses import SSH_PORT, bmc_port
from kdumpcheck.lab.files import write_text
from kdumpcheck.lab.ssh import USER, config, known_hosts
from kdumpcheck.nodes import Inventory, Node, dump

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdumpcheck.lab.record import NodeRecord
    from kdumpcheck.lab.state import StateDir

IPMI_PORT = 623


class Keys(Protocol):
    """The keys nodes are reached by."""

    @property
    def client_key(self) -> Path:
        """The private key that root accepts."""

    @property
    def host_key(self) -> str:
        """The nodes' public host key."""


def write_ssh_files(directory: Path, nodes: Sequence[NodeRecord], keys: Keys) -> Path:
    """Write ssh_config and known_hosts of these nodes into a directory; the path of the former."""
    addresses = {node.name: node.address for node in nodes}
    hosts, settings = directory / "known_hosts", directory / "ssh_config"
    write_text(hosts, known_hosts(addresses, keys.host_key))
    write_text(settings, config(addresses, keys.client_key, hosts))
    return settings


def write_inventory(state: StateDir, nodes: Sequence[NodeRecord], keys: Keys) -> None:
    """Write the inventory every other command finds; its paths are relative to where it lies."""
    inventory = Inventory.of(
        [_node(node, keys) for node in nodes],
        origin=str(state.inventory),
        loader="the lab",
        ssh_config=Path(state.ssh_config.name),
        known_hosts=Path(state.known_hosts.name),
    )
    write_text(state.inventory, dump(inventory))


def bmc_address(node: NodeRecord) -> str:
    """Where a node's BMC answers, with the port where that is not the usual one."""
    return node.bmc if bmc_port() == IPMI_PORT else f"{node.bmc}:{bmc_port()}"


def _node(node: NodeRecord, keys: Keys) -> Node:
    return Node(
        node.name,
        address=node.address,
        port=SSH_PORT,
        user=USER,
        bmc=bmc_address(node),
        identity_file=str(keys.client_key),
    )
