# SPDX-License-Identifier: Apache-2.0
"""Which inventory to use when the operator names none."""

from __future__ import annotations

from dataclasses import dataclass, replace
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
    """Where the inventory is: a file, or a list of names; and how we came by it, in an operator's words."""

    why: str
    path: Path | None = None
    names: str = ""


def find_inventory(environ: Mapping[str, str], cwd: Path, home: Path) -> Inventory:
    """The inventory in the first usual place that has one, else `Inventory.none()`.

    Raises `InventoryError` when it cannot be used, saying how it was come by. For the places see `search`.
    """
    found = search(environ, cwd, home)
    if found is None:
        return Inventory.none()
    if found.path is None:
        return read_goss(found.names)
    try:
        return replace(load_inventory(found.path, environ), found=found.why)
    except InventoryError as error:
        raise InventoryError(f"{error} (found {found.why})") from None


def search(environ: Mapping[str, str], cwd: Path, home: Path) -> Found | None:
    """The first of the usual places that has an inventory, or None; looks for files, opens none.

    $KDUMPCHECK_INVENTORY; kdumpcheck.yaml or inventory.yaml in the current directory; inventory.yaml in
    the settings directory; the running lab's; $GOSS_TEST_NCN_LIST.
    """
    if named := environ.get(VARIABLE, "").strip():
        return Found(f"by ${VARIABLE}", path=_absolute(named, cwd, home))
    for path, why in (
        (cwd / "kdumpcheck.yaml", "in the current directory"),
        (cwd / FILE, "in the current directory"),
        (config_dir(environ, home) / FILE, "in your settings"),
        (lab_state_dir(environ, home) / FILE, "left by the running lab"),
    ):
        if path.is_file():
            return Found(why, path=path)
    if names := environ.get(GOSS_VARIABLE, "").strip():
        return Found(f"by ${GOSS_VARIABLE}", names=names)
    return None


def _absolute(text: str, cwd: Path, home: Path) -> Path:
    if text == "~" or text.startswith("~/"):
        return home / text[2:]
    return cwd / text
