# SPDX-License-Identifier: Apache-2.0
"""kdumpcheck's own inventory: a YAML file that says everything about a node that we can use."""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import Table, kind
from kdumpcheck.nodes.inventory import GROUP_NAME, Inventory, roles
from kdumpcheck.nodes.node import NO_PASSWORD, InventoryError, Node, quote
from kdumpcheck.nodes.nodeset import ALL, MAX_NODES, expand, groups_named, natural

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK = "kdumpcheck-inventory"
VERSION = 1
LOADER = "kdumpcheck inventory"

_TOP = (MARK, "ssh_config", "known_hosts", "defaults", "nodes", "groups")
_SHARED = ("user", "port", "identity_file", "bmc_user", "bmc_password_file", "console")
_FILE = "file:"
_FOR_ONE = ("address", "bmc")
_NODE = (*_FOR_ONE, *_SHARED, "role", "hostspec")


def is_own(document: object) -> bool:
    """Whether a YAML document says that it is one of ours."""
    return isinstance(document, dict) and MARK in document


def read_own(document: object, path: Path) -> Inventory:
    """Our YAML as an inventory; paths in it are relative to the file.

    Raises `InventoryError` naming file and line for an unknown key, a wrong type, a node given twice, one
    address for several nodes, a group with unknown members, and groups defined by each other.
    """
    top = Table.of(path, "the inventory", document).only(*_TOP)
    _check_version(top)
    nodes = _Nodes(_no_password(top.table("defaults")).only(*_SHARED))
    listed = top.table("nodes")
    for name, value in listed.items():
        nodes.add(listed, name, value)
    return Inventory.of(
        nodes.found.values(),
        _groups(top.table("groups"), nodes.found),
        origin=str(path),
        loader=LOADER,
        ssh_config=_beside(top, "ssh_config"),
        known_hosts=_beside(top, "known_hosts"),
    )


def _no_password(table: Table) -> Table:
    """This table, once it is sure that nobody has written a password into it."""
    for key in table.entries:
        if str(key).endswith(("password", "passphrase")):
            table.fail(key, f"{quote(str(key))} of {table.what}: {NO_PASSWORD}")
    return table


def _check_version(top: Table) -> None:
    version = top.number(MARK)
    if version != VERSION:
        top.fail(MARK, f"{MARK} is {version}; this kdumpcheck reads version {VERSION}")


def _beside(table: Table, key: str) -> Path | None:
    """A path written in the file, taken as beside it when it is relative."""
    text = table.text(key)
    if not text:
        return None
    try:
        return table.path.parent / Path(text).expanduser()
    except RuntimeError:  # ~nobody-we-know
        table.fail(key, f"{key}: there is no such home directory")


def _console(table: Table) -> str | None:
    """How a console is listened to; the file of one is beside this file, too."""
    text = table.text("console")
    if text is None or not text.startswith(_FILE):
        return text
    path = text.removeprefix(_FILE)
    return text if not path or path.startswith("~") else f"{_FILE}{table.path.parent / path}"


@dataclass(slots=True)
class _Nodes:
    """The nodes read so far, and the defaults for all of them."""

    defaults: Table
    found: dict[str, Node] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def add(self, table: Table, key: str, value: object) -> None:
        """Take one entry of `nodes:`, whose key may name many."""
        entry = Table.of(table.path, f"node {quote(key)[1:-1]}", value, table.lines.get(key, 0))
        _no_password(entry).only(*_NODE)
        try:
            names = expand(key)
            self._check(table, key, names, entry)
            self.found.update((name, self._node(name, entry)) for name in names)
        except InventoryError as error:
            raise _placed(table, key, error) from None

    def _check(self, table: Table, key: str, names: tuple[str, ...], entry: Table) -> None:
        for name in names:
            if name in self.places:
                table.fail(key, f"node {name} is there twice, first at {self.places[name]}")
            self.places[name] = table.at(key)
        for only_one in _FOR_ONE:
            if only_one in entry.entries and len(names) > 1:
                entry.fail(only_one, f"{only_one} is given once for {len(names)} nodes; give each its own")
        if len(self.places) > MAX_NODES:
            table.fail(key, f"more than {MAX_NODES} nodes")

    def _node(self, name: str, entry: Table) -> Node:
        port = entry.number("port")
        key = _beside(entry, "identity_file") or _beside(self.defaults, "identity_file")
        password_file = _beside(entry, "bmc_password_file") or _beside(self.defaults, "bmc_password_file")
        return Node(
            name,
            address=entry.text("address"),
            port=self.defaults.number("port") if port is None else port,
            user=entry.text("user") or self.defaults.text("user"),
            role=entry.text("role"),
            bmc=entry.text("bmc"),
            hostspec=entry.text("hostspec"),
            identity_file=None if key is None else str(key),
            bmc_user=entry.text("bmc_user") or self.defaults.text("bmc_user"),
            bmc_password_file=None if password_file is None else str(password_file),
            console=_console(entry) or _console(self.defaults),
        )


def _placed(table: Table, key: str, error: InventoryError) -> InventoryError:
    text = str(error)
    return error if text.startswith(f"{table.path}:") else InventoryError(f"{table.at(key)}: {text}")


def _groups(table: Table, nodes: dict[str, Node]) -> dict[str, tuple[str, ...]]:
    """Work the groups out, those that others are made of first."""
    expressions = {name: _expression(table, name, value) for name, value in table.items()}
    known: dict[str, tuple[str, ...]] = {role: tuple(names) for role, names in roles(nodes.values()).items()}
    known[ALL] = tuple(sorted(nodes, key=natural))
    for name in _in_order(table, expressions):
        try:
            known[name] = expand(expressions[name], known, nodes)
        except InventoryError as error:
            raise _placed(table, name, error) from None
        if not known[name]:
            table.fail(name, f"group {name} has no nodes")
    return {name: known[name] for name in expressions}


def _expression(table: Table, name: str, value: object) -> str:
    if name == ALL or not GROUP_NAME.fullmatch(name):
        table.fail(name, f"{quote(name)} cannot be the name of a group")
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        value = ",".join(value)
    if not isinstance(value, str):
        table.fail(name, f"group {name} must be a node set like 'ncn-w[001-003]', not {kind(value)}")
    return value


def _in_order(table: Table, expressions: dict[str, str]) -> Iterator[str]:
    needs = {name: _needed(table, name, text) & expressions.keys() for name, text in expressions.items()}
    try:
        yield from TopologicalSorter(needs).static_order()
    except CycleError as error:
        circle = " needs ".join(f"@{name}" for name in reversed(error.args[1]))
        table.fail(error.args[1][0], f"groups defined by each other: {quote(circle[1:], 120)[1:-1]}")


def _needed(table: Table, name: str, text: str) -> frozenset[str]:
    try:
        return groups_named(text)
    except InventoryError as error:
        raise _placed(table, name, error) from None
