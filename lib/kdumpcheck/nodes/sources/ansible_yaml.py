# SPDX-License-Identifier: Apache-2.0
"""Ansible's YAML inventory, the static part of it: groups, children, ranges and plain variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import Table
from kdumpcheck.nodes.node import InventoryError, quote
from kdumpcheck.nodes.sources.ansible import AnsibleData
from kdumpcheck.nodes.sources.ansible_hosts import expand_pattern

if TYPE_CHECKING:
    from pathlib import Path

_PARTS = ("hosts", "children", "vars")


def read_yaml(document: object, path: Path) -> AnsibleData:
    """A YAML (or JSON) inventory as Ansible's data; `InventoryError` says which line cannot be used.

    Source: ansible.builtin.yaml inventory plugin.
    """
    data = AnsibleData(str(path))
    top = Table.of(path, "the inventory", document)
    for name, value in top.items():
        _group(data, name, Table.of(path, f"group {quote(name)}", value, top.lines.get(name, 0)))
    return data


def _group(data: AnsibleData, name: str, table: Table) -> None:
    group = data.group(name)
    table.only(*_PARTS)
    _variables(data, group.variables, table.table("vars"))
    hosts = table.table("hosts")
    for pattern, value in hosts.items():
        group.hosts.update(dict.fromkeys(_hosts(data, hosts, pattern, value)))
    children = table.table("children")
    for child, value in children.items():
        group.children[child] = None
        _group(data, child, Table.of(table.path, f"group {quote(child)}", value, children.lines.get(child, 0)))


def _hosts(data: AnsibleData, table: Table, pattern: str, value: object) -> list[str]:
    try:
        names, port = expand_pattern(pattern)
    except InventoryError as error:
        raise InventoryError(f"{table.at(pattern)}: {error}") from None
    variables = Table.of(table.path, f"host {quote(pattern)}", value, table.lines.get(pattern, 0))
    for name in names:
        own = data.host(name)
        if port is not None:
            data.set(own, "ansible_port", port)
        _variables(data, own, variables)
    return names


def _variables(data: AnsibleData, target: dict[str, str], table: Table) -> None:
    for key, value in table.items():
        try:
            data.set(target, key, value)
        except InventoryError as error:
            table.fail(key, str(error))
