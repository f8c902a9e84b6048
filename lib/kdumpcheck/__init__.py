# SPDX-License-Identifier: Apache-2.0
"""kdumpcheck: will this node save a dump when it crashes?

The words a check is written with. Everything else is reached through its own room: `kdumpcheck.facts` and so on.
"""

from __future__ import annotations

from importlib.metadata import version

from kdumpcheck.checks import Severity, check, could_not_look, expect, not_applicable, prefer

__version__ = version("kdumpcheck")
__all__ = ["Severity", "__version__", "check", "could_not_look", "expect", "not_applicable", "prefer"]
