# SPDX-License-Identifier: Apache-2.0
"""Which inventory to use when nobody names one, and opening it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.load import load_inventory
from kdumpcheck.nodes.node import InventoryError
from kdumpcheck.nodes.sources.goss import VARIABLE as GOSS_VARIABLE
from kdumpcheck.nodes.sources.goss import read_goss
from kdumpcheck.paths import config_dir, lab_state_dir

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "KDUMPCHECK_INVENTORY"
FILE = "inventory.yaml"


@dataclass(frozen=True, slots=True)
class Found:
    """Where the inventory is: a file, or a list of names; and what led to it, in an operator's words."""

    why: str
    path: Path | None = None
    names: str | None = None


def find_inventory(environ: Mapping[str, str], cwd: Path, home: Path) -> Found | None:
    """The first inventory of the search order, or None.

    $KDUMPCHECK_INVENTORY; kdumpcheck.yaml or inventory.yaml in the current directory; inventory.yaml in
    the settings directory; the running lab's; $GOSS_TEST_NCN_LIST. Looks for files, opens none.
    """
    if named := environ.get(VARIABLE, "").strip():
        return Found(f"${VARIABLE}", path=_absolute(named, cwd, home))
    for path, why in (
        (cwd / "kdumpcheck.yaml", "the current directory"),
        (cwd / FILE, "the current directory"),
        (config_dir(environ, home) / FILE, "your settings"),
        (lab_state_dir(environ, home) / FILE, "the running lab"),
    ):
        if path.is_file():
            return Found(why, path=path)
    if names := environ.get(GOSS_VARIABLE, "").strip():
        return Found(f"${GOSS_VARIABLE}", names=names)
    return None


def open_inventory(given: str | None, environ: Mapping[str, str], cwd: Path, home: Path) -> Inventory:
    """The inventory the operator named, else the one that is found, else `Inventory.none()`.

    Raises `InventoryError` in one line, saying how the file was come by when the operator did not name it.
    """
    if given:
        return load_inventory(_absolute(given, cwd, home), environ)
    found = find_inventory(environ, cwd, home)
    if found is None:
        return Inventory.none()
    if found.path is None:
        return read_goss(found.names or "")
    try:
        return load_inventory(found.path, environ)
    except InventoryError as error:
        raise InventoryError(f"{error} (found by {found.why})") from None


def _absolute(text: str, cwd: Path, home: Path) -> Path:
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return cwd / text
