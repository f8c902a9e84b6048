# SPDX-License-Identifier: Apache-2.0
"""Look at many nodes at once: one connection and one exec each, a deadline on everything."""

from __future__ import annotations

from kdumpcheck.fleet.fleet import Fleet
from kdumpcheck.fleet.look import Look

__all__ = ["Fleet", "Look"]
