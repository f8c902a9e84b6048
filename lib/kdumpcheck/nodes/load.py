# SPDX-License-Identifier: Apache-2.0
"""An inventory from any file we know how to read; the format is found from the name and the content."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from kdumpcheck.nodes.node import InventoryError
from kdumpcheck.nodes.sources.ansible_any import read_ansible
from kdumpcheck.nodes.sources.file import File
from kdumpcheck.nodes.sources.hosts import is_hosts, read_hosts
from kdumpcheck.nodes.sources.own import is_own, read_own
from kdumpcheck.nodes.sources.sls import is_sls, read_sls
from kdumpcheck.nodes.sources.source import Source
from kdumpcheck.raised import said

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kdumpcheck.nodes.inventory import Inventory

ANSIBLE = "ansible"
"""The kind that takes what no other one takes."""

#: Every kind of inventory, by its name; plugins add theirs.
SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            "own",
            "YAML of kdumpcheck's own",
            lambda file: is_own(file.document),
            lambda file: read_own(file.document, file.path),
        ),
        Source(
            "sls",
            "a dump of CSM's System Layout Service",
            lambda file: is_sls(file.document) and not is_own(file.document),
            lambda file: read_sls(file.document, file.path),
        ),
        Source(
            "hosts",
            "a hosts file",
            lambda file: not file.form and is_hosts(file.text),
            lambda file: read_hosts(file.text, file.path),
        ),
        Source(ANSIBLE, "Ansible's INI, YAML, JSON, directories and programs", lambda _file: True, read_ansible),
    )
}


def load_inventory(path: Path, environ: Mapping[str, str] | None = None) -> Inventory:
    """The inventory in this file: ours, Ansible's (INI, YAML, JSON), an SLS dump, a hosts file, or a plugin's kind.

    Ansible's own loader reads Ansible inventories when it is installed (beside our Python or on the PATH of
    `environ`, by default the process's); else we read their static part, and a directory or a script is
    refused. `Inventory.loader` says which. Raises `InventoryError`: one line with file and, if known, line.
    """
    file = File(path, os.environ if environ is None else environ)
    source = _source(file)
    try:
        return source.read(file)
    except InventoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        raise InventoryError(f"{path}: it cannot be read as {source.name}: {said(error)}") from None


def _source(file: File) -> Source:
    """The one kind that a file is of. Raises `InventoryError`."""
    if file.dynamic:
        return SOURCES[ANSIBLE]
    fitting = [source for source in SOURCES.values() if source.name != ANSIBLE and _fits(source, file)]
    if len(fitting) > 1:
        names = " and ".join(f"{source.name} ({source.words})" for source in fitting)
        raise InventoryError(f"{file.path}: {names} both take it for their own: take one of the plugins away")
    return fitting[0] if fitting else SOURCES[ANSIBLE]


def _fits(source: Source, file: File) -> bool:
    try:
        return bool(source.fits(file))
    except InventoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise InventoryError(f"{file.path}: {source.name} cannot tell whether it is its own: {said(error)}") from None
