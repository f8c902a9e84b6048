# SPDX-License-Identifier: Apache-2.0
"""What every form of Ansible inventory comes down to: groups, hosts, and the few variables we use."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import kind
from kdumpcheck.nodes.inventory import GROUP_NAME, MAX_MEMBERSHIPS, Inventory
from kdumpcheck.nodes.node import NO_PASSWORD, InventoryError, Node, quote, role_of
from kdumpcheck.nodes.nodeset import ALL
from kdumpcheck.nodes.yamldoc import Opaque

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Where several variables mean the same, Ansible lets the last one that is set win (ansible.builtin.ssh).
_ADDRESS = ("ansible_host", "ansible_ssh_host")
_PORT = ("ansible_port", "ansible_ssh_port")
_USER = ("ansible_user", "ansible_ssh_user")
_KEY = ("ansible_private_key_file", "ansible_ssh_private_key_file")
_CONNECTION = ("ansible_connection",)
_BMC = ("kdumpcheck_bmc",)
_BMC_USER = ("kdumpcheck_bmc_user",)
_BMC_PASSWORD_FILE = ("kdumpcheck_bmc_password_file",)
_CONSOLE = ("kdumpcheck_console",)
_ROLE = ("kdumpcheck_role",)
_UNGROUPED = "ungrouped"
_PRIORITY = "ansible_group_priority"
_USED = frozenset(
    (
        *_ADDRESS,
        *_PORT,
        *_USER,
        *_KEY,
        *_CONNECTION,
        *_BMC,
        *_BMC_USER,
        *_BMC_PASSWORD_FILE,
        *_CONSOLE,
        *_ROLE,
        _PRIORITY,
    )
)

_PASSWORD = re.compile(r"ansible_\w*(?:pass|password|passphrase)", re.IGNORECASE | re.ASCII)
_OUR_PASSWORD = re.compile(r"kdumpcheck_\w*(?:password|passphrase)", re.IGNORECASE | re.ASCII)
_OVER_SSH = frozenset({"ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"})
# CSM's Configuration Framework Service names the NCNs by xname, and tells their role by these groups.
_CFS_GROUP = re.compile(r"Management_(Master|Worker|Storage)", re.IGNORECASE | re.ASCII)


@dataclass(slots=True)
class Group:
    """One group: its own hosts, the groups in it, and its variables that we use."""

    hosts: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class AnsibleData:
    """An Ansible inventory as written: groups by name, and each host's own variables that we use."""

    origin: str
    groups: dict[str, Group] = field(default_factory=dict)
    hosts: dict[str, dict[str, str]] = field(default_factory=dict)
    passwords: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def group(self, name: str) -> Group:
        """The group of this name, made when it is new."""
        return self.groups.setdefault(name, Group())

    def host(self, name: str) -> dict[str, str]:
        """The variables of this host, which is made known when it is new."""
        return self.hosts.setdefault(name, {})

    def set(self, variables: dict[str, str], key: str, value: object) -> None:
        """Keep a variable we use; of a password only the name is kept, of all others nothing.

        Raises `InventoryError`, without a place, when a variable we use is a list or a mapping, and when one of ours
        is a password.
        """
        if _OUR_PASSWORD.fullmatch(key):
            raise InventoryError(f"{quote(key)}: {NO_PASSWORD}")
        if _PASSWORD.fullmatch(key):
            self.passwords[key] = None
        elif key not in _USED or value is None:
            return
        elif isinstance(value, Opaque):
            self.notes.append(f"{self.origin}: {key} is vaulted and was not opened")
        elif not isinstance(value, str | int) or isinstance(value, bool):
            raise InventoryError(f"{key} must be plain text or a number, not {kind(value)}")
        else:
            variables[key] = str(value)


def to_inventory(data: AnsibleData, loader: str) -> Inventory:
    """Bring Ansible's data into our terms: variables inherited, groups flat, roles told.

    Raises `InventoryError` for a group inside of itself and for values that cannot be a name or an address.
    """
    order = _children_first(data)
    members = _members(data, order)
    variables = _inherited(data, order, members)
    told = _roles(members)
    nodes = [_node(data.origin, name, variables[name], told.get(name)) for name in data.hosts]
    usable = {name: hosts for name, hosts in members.items() if hosts and GROUP_NAME.fullmatch(name)}
    return Inventory.of(nodes, usable, origin=data.origin, loader=loader, notes=_notes(data, members))


def _children_first(data: AnsibleData) -> list[str]:
    for parent in list(data.groups.values()):
        for child in parent.children:
            data.group(child)
    try:
        return list(TopologicalSorter({n: g.children for n, g in data.groups.items()}).static_order())
    except CycleError as error:
        circle = " in ".join(reversed(error.args[1]))
        raise InventoryError(f"{data.origin}: groups inside of each other: {quote(circle, 120)}") from None


def _members(data: AnsibleData, order: Iterable[str]) -> dict[str, dict[str, None]]:
    members: dict[str, dict[str, None]] = {}
    total = 0
    for name in order:
        group = data.groups[name]
        found = dict(group.hosts)
        for child in group.children:
            found.update(members[child])
        members[name] = found
        total += len(found)
        if total > MAX_MEMBERSHIPS:
            raise InventoryError(f"{data.origin}: its groups have more than {MAX_MEMBERSHIPS} members in all")
    return members | _everywhere(data, members)


def _everywhere(data: AnsibleData, members: Mapping[str, Mapping[str, None]]) -> dict[str, dict[str, None]]:
    """Ansible's two groups that nobody fills: all hosts, and those that are in no group."""
    grouped = {host for name, hosts in members.items() if name not in {ALL, _UNGROUPED} for host in hosts}
    alone = {host: None for host in data.hosts if host not in grouped}
    return {ALL: dict.fromkeys(data.hosts), _UNGROUPED: alone}


def _inherited(
    data: AnsibleData, order: list[str], members: Mapping[str, Mapping[str, None]]
) -> dict[str, dict[str, str]]:
    """Each host's variables: from "all" down to its closest group, then its own."""
    depth = _depths(data, order)

    def precedence(name: str) -> tuple[int, int, str]:
        return depth[name], _priority(data, name), name

    merged: dict[str, dict[str, str]] = {name: {} for name in data.hosts}
    for name in sorted(data.groups, key=precedence):
        if data.groups[name].variables:
            for host in members[name]:
                merged[host].update(data.groups[name].variables)
    for host, own in data.hosts.items():
        merged[host].update(own)
    return merged


def _depths(data: AnsibleData, order: list[str]) -> dict[str, int]:
    depth = {name: int(name != ALL) for name in order}
    for name in reversed(order):
        for child in data.groups[name].children:
            depth[child] = max(depth[child], depth[name] + 1)
    return depth


def _priority(data: AnsibleData, name: str) -> int:
    text = data.groups[name].variables.get(_PRIORITY, "1")
    if not re.fullmatch(r"-?\d{1,9}", text, re.ASCII):
        raise InventoryError(f"{data.origin}: {_PRIORITY} of group {quote(name)} is not a whole number")
    return int(text)


def _roles(members: Mapping[str, Mapping[str, None]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, hosts in members.items():
        if match := _CFS_GROUP.fullmatch(name):
            found.update(dict.fromkeys(hosts, match[1].lower()))
    return found


def _node(origin: str, name: str, variables: Mapping[str, str], role: str | None) -> Node:
    def value(keys: Iterable[str]) -> str | None:
        texts = [variables[key] for key in keys if key in variables]
        if texts and "{{" in texts[-1]:
            raise InventoryError(f"{name}: {' or '.join(keys)} is a template; kdumpcheck needs a plain value")
        return texts[-1] if texts else None

    try:
        return Node(
            name,
            address=value(_ADDRESS),
            port=_port(name, value(_PORT)),
            user=value(_USER),
            role=value(_ROLE) or role_of(name) or role,
            bmc=value(_BMC),
            hostspec=_hostspec(value(_CONNECTION), value(_ADDRESS) or name),
            identity_file=value(_KEY),
            bmc_user=value(_BMC_USER),
            bmc_password_file=value(_BMC_PASSWORD_FILE),
            console=value(_CONSOLE),
        )
    except InventoryError as error:
        raise InventoryError(f"{origin}: {error}") from None


def _port(name: str, text: str | None) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise InventoryError(f"{name}: ansible_port is not a number")
    return int(text)


def _hostspec(connection: str | None, address: str) -> str | None:
    if connection is None or connection in _OVER_SSH:
        return None
    short = connection.rpartition(".")[2]
    if short == "local":
        return "local://"
    if short in {"docker", "podman"}:
        return f"{short}://{address}"
    raise InventoryError(f"{address}: ansible_connection {quote(connection)} is not one kdumpcheck can use")


def _notes(data: AnsibleData, members: Mapping[str, object]) -> list[str]:
    notes = list(data.notes)
    if data.passwords:
        names = ", ".join(sorted(data.passwords))
        notes.append(f"{data.origin}: {names} found and not used; kdumpcheck takes keys or an ssh agent")
    unusable = sorted(name for name in members if not GROUP_NAME.fullmatch(name))
    if unusable:
        shown = ", ".join(quote(name) for name in unusable[:5])
        notes.append(f"{data.origin}: groups whose names no node set can hold were left out: {shown}")
    return notes
