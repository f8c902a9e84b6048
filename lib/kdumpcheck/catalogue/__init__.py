# SPDX-License-Identifier: Apache-2.0
"""The catalogue: every check there is, outside of a run, and what an operator can read about it."""

from __future__ import annotations

from kdumpcheck.catalogue.load import CatalogueError, load_checks, usual_directory

__all__ = ["CatalogueError", "load_checks", "usual_directory"]
