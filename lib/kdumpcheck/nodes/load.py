# SPDX-License-Identifier: Apache-2.0
"""An inventory from any file we know how to read; the format is found from the name and the content."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import kind, read_text
from kdumpcheck.nodes.node import InventoryError, quote
from kdumpcheck.nodes.sources.ansible import to_inventory
from kdumpcheck.nodes.sources.ansible_ini import read_ini
from kdumpcheck.nodes.sources.ansible_tool import PROGRAM, find_tool, read_with_tool
from kdumpcheck.nodes.sources.ansible_yaml import read_yaml
from kdumpcheck.nodes.sources.hosts import is_hosts, read_hosts
from kdumpcheck.nodes.sources.own import MARK, is_own, read_own
from kdumpcheck.nodes.sources.sls import is_sls, read_sls
from kdumpcheck.nodes.yamldoc import load_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from kdumpcheck.nodes.inventory import Inventory
    from kdumpcheck.nodes.sources.ansible import AnsibleData

_YAML_START = re.compile(r"(?:---|%YAML|[\w.\"'-]+\s*:(?:\s|$))", re.ASCII)
# group_vars and host_vars stand beside an inventory; only Ansible itself reads them.
_VARIABLE_DIRECTORIES = ("group_vars", "host_vars")


def load_inventory(path: Path, environ: Mapping[str, str] | None = None) -> Inventory:
    """The inventory in this file: ours, Ansible's (INI, YAML, JSON), an SLS dump or a hosts file.

    Ansible's own loader reads Ansible inventories when it is installed (beside our Python or on the PATH of
    `environ`, by default the process's); else we read their static part, and a directory or a script is
    refused. `Inventory.loader` says which. Raises `InventoryError`: one line with file and, if known, line.
    """
    return _File(path, os.environ if environ is None else environ).load()


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be read, and the environment in which Ansible would read it."""

    path: Path
    environ: Mapping[str, str]

    def load(self) -> Inventory:
        """Find the format and read it."""
        if self.path.is_dir() or _is_program(self.path):
            return self._dynamic()
        text = read_text(self.path)
        if self.path.suffix == ".json" or text.lstrip().startswith("{"):
            return self._structured(self._json(text), "JSON")
        if self.path.suffix in {".yaml", ".yml"} or _looks_like_yaml(text):
            return self._structured(load_yaml(text, self.path), "YAML")
        if is_hosts(text):
            return read_hosts(text, self.path)
        return self._ansible("INI", lambda: read_ini(text, self.path))

    def _json(self, text: str) -> object:
        try:
            return json.loads(text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            raise InventoryError(f"{self.path}:{error.lineno}: not JSON: {error.msg}") from None
        except InventoryError as error:
            raise InventoryError(f"{self.path}: {error}") from None
        except (ValueError, RecursionError):
            raise InventoryError(f"{self.path}: JSON that is too deep, or has too long a number") from None

    def _structured(self, document: object, form: str) -> Inventory:
        if is_own(document):
            return read_own(document, self.path)
        if is_sls(document):
            return read_sls(document, self.path)
        if not isinstance(document, dict):
            raise InventoryError(f"{self.path}: no inventory in it: expected a mapping, found {kind(document)}")
        if "nodes" in document:
            raise InventoryError(f"{self.path}: for a kdumpcheck inventory the line `{MARK}: 1` is missing")
        return self._ansible(form, lambda: read_yaml(document, self.path))

    def _ansible(self, form: str, read_static: Callable[[], AnsibleData]) -> Inventory:
        tool = find_tool(self.environ)
        if tool is not None:
            return self._with_tool(tool)
        data = read_static()
        for directory in _VARIABLE_DIRECTORIES:
            if (self.path.parent / directory).is_dir():
                data.notes.append(f"{self.path}: {directory}/ beside it was not read: that takes {PROGRAM}")
        return to_inventory(data, f"Ansible {form}, its static part; {PROGRAM} is not installed")

    def _dynamic(self) -> Inventory:
        tool = find_tool(self.environ)
        if tool is None:
            what = "a directory" if self.path.is_dir() else "a script"
            raise InventoryError(f"{self.path}: {what}; reading that takes {PROGRAM}, which is not installed")
        return self._with_tool(tool)

    def _with_tool(self, tool: Path) -> Inventory:
        return to_inventory(read_with_tool(tool, self.path, self.environ), f"Ansible, by {tool}")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise InventoryError(f"{quote(double)} is there twice")
    return found


def _is_program(path: Path) -> bool:
    try:
        if not path.is_file() or not os.access(path, os.X_OK):
            return False
        with path.open("rb") as stream:
            return stream.read(2) == b"#!"
    except (OSError, ValueError):
        return False  # reading it as a text will say what is wrong with it


def _looks_like_yaml(text: str) -> bool:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return bool(_YAML_START.match(next(lines, "")))
