# SPDX-License-Identifier: Apache-2.0
"""Which nodes there are, what they are called and where to reach them."""

from __future__ import annotations

from kdumpcheck.nodes.node import InventoryError, Node

__all__ = ["InventoryError", "Node"]
