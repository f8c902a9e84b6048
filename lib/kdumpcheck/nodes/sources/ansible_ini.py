# SPDX-License-Identifier: Apache-2.0
"""Ansible's INI inventory, the static part of it: groups, children, ranges and plain variables."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdumpcheck.nodes.node import InventoryError
from kdumpcheck.nodes.sources.ansible import AnsibleData
from kdumpcheck.nodes.sources.ansible_hosts import expand_pattern

if TYPE_CHECKING:
    from pathlib import Path

_SECTION = re.compile(r"\[([^:=\]\s]+)(?::(\w+))?\]\s*(?:#.*)?", re.ASCII)
_CHILD = re.compile(r"([^:=\]\s]+)\s*(?:#.*)?")
_KINDS = ("hosts", "children", "vars")
_NO_GROUP = "ungrouped"


@dataclass(slots=True)
class _Reader:
    """Where in the file we are: in which section, of which group."""

    data: AnsibleData
    group: str = _NO_GROUP
    kind: str = "hosts"

    def take(self, line: str) -> None:
        """Read one line that is neither empty nor a comment."""
        if line.startswith("[") and (line.endswith("]") or _SECTION.fullmatch(line)):
            self._section(line)
        elif self.kind == "hosts":
            self._hosts(line)
        elif self.kind == "children":
            self._child(line)
        else:
            self._variable(line)

    def _section(self, line: str) -> None:
        found = _SECTION.fullmatch(line)
        if not found or (found[2] or "hosts") not in _KINDS:
            raise InventoryError("not a section like [worker], [worker:children] or [worker:vars]")
        self.group, self.kind = found[1], found[2] or "hosts"
        self.data.group(self.group)

    def _hosts(self, line: str) -> None:
        try:
            pattern, *pairs = shlex.split(line, comments=True)
        except ValueError:
            # The line may hold a password: it is not repeated.
            raise InventoryError("a quote is not closed") from None
        names, port = expand_pattern(pattern)
        for name in names:
            self.data.group(self.group).hosts[name] = None
            variables = self.data.host(name)
            if port is not None:
                self.data.set(variables, "ansible_port", port)
            for pair in pairs:
                self._assign(variables, pair)

    def _assign(self, variables: dict[str, str], pair: str) -> None:
        key, equals, value = pair.partition("=")
        if not equals:
            raise InventoryError("behind the host only variables may follow, as key=value")
        self.data.set(variables, key, value)

    def _child(self, line: str) -> None:
        found = _CHILD.fullmatch(line)
        if not found:
            raise InventoryError("not the name of a group")
        self.data.group(self.group).children[found[1]] = None

    def _variable(self, line: str) -> None:
        key, equals, value = line.partition("=")
        if not equals:
            raise InventoryError("expected a variable, as key=value")
        self.data.set(self.data.group(self.group).variables, key.strip(), _plain(value.strip()))


def read_ini(text: str, path: Path) -> AnsibleData:
    """An INI inventory as Ansible's data; `InventoryError` says which line cannot be read.

    Source: ansible.builtin.ini inventory plugin. Values are taken as text, never evaluated.
    """
    reader = _Reader(AnsibleData(str(path)))
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line and line[0] not in "#;":
            try:
                reader.take(line)
            except InventoryError as error:
                raise InventoryError(f"{path}:{number}: {error}") from None
    return reader.data


def _plain(value: str) -> str:
    """A value without the quotes around it and without what is behind them."""
    found = re.match(r"""(['"])(.*?)\1\s*(?:#.*)?$""", value)
    return found[2] if found else re.split(r"\s#", value, maxsplit=1)[0].strip()
