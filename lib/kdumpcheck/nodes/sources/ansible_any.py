# SPDX-License-Identifier: Apache-2.0
"""Ansible's inventories in all their forms: by its own loader where it is installed, else their static part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import kind
from kdumpcheck.nodes.node import InventoryError
from kdumpcheck.nodes.sources.ansible import to_inventory
from kdumpcheck.nodes.sources.ansible_ini import read_ini
from kdumpcheck.nodes.sources.ansible_tool import PROGRAM, find_tool, read_with_tool
from kdumpcheck.nodes.sources.ansible_yaml import read_yaml
from kdumpcheck.nodes.sources.own import MARK

if TYPE_CHECKING:
    from kdumpcheck.nodes.inventory import Inventory
    from kdumpcheck.nodes.sources.file import File

# group_vars and host_vars stand beside an inventory; only Ansible itself reads them.
_VARIABLE_DIRECTORIES = ("group_vars", "host_vars")


def read_ansible(file: File) -> Inventory:
    """What no other kind of inventory has taken for its own. Raises `InventoryError`."""
    tool = find_tool(file.environ)
    if not file.dynamic:
        _refuse_other(file)
    if tool is not None:
        return to_inventory(read_with_tool(tool, file.path, file.environ), f"Ansible, by {tool}")
    if file.dynamic:
        what = "a directory" if file.path.is_dir() else "a script"
        raise InventoryError(f"{file.path}: {what}; reading that takes {PROGRAM}, which is not installed")
    data = read_yaml(file.document, file.path) if file.form else read_ini(file.text, file.path)
    for directory in _VARIABLE_DIRECTORIES:
        if (file.path.parent / directory).is_dir():
            data.notes.append(f"{file.path}: {directory}/ beside it was not read: that takes {PROGRAM}")
    return to_inventory(data, f"Ansible {file.form or 'INI'}, its static part; {PROGRAM} is not installed")


def _refuse_other(file: File) -> None:
    """JSON or YAML that is spoilt, or is no inventory of anybody."""
    document = file.parse()
    if file.form and not isinstance(document, dict):
        raise InventoryError(f"{file.path}: no inventory in it: expected a mapping, found {kind(document)}")
    if isinstance(document, dict) and "nodes" in document:
        raise InventoryError(f"{file.path}: for a kdumpcheck inventory the line `{MARK}: 1` is missing")
