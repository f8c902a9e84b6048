# SPDX-License-Identifier: Apache-2.0
"""`index.html`: a whole fleet on one page, made from a run's results alone."""

from __future__ import annotations

from kdumpcheck.reporters.fleet.page import NAME, page, write

__all__ = ["NAME", "page", "write"]
