# SPDX-License-Identifier: Apache-2.0
"""What a kind of inventory is: how it is told from others, and how it is read; plugins add theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kdumpcheck.nodes.inventory import Inventory
from kdumpcheck.nodes.sources.file import File


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of inventory that --inventory may name.

    `words` say in a line what it is. `fits` says whether a file is of this kind, by its name or its content, and never
    that of another kind; `read` makes the inventory, and raises `InventoryError` with file and line for what is wrong.
    """

    name: str
    words: str
    fits: Callable[[File], bool]
    read: Callable[[File], Inventory]
