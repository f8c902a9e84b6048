# SPDX-License-Identifier: Apache-2.0
"""Why a node died: what its kernel's log, and crash(8) where it can be used, tell of it."""

from __future__ import annotations

from kdumpcheck.analysis.death import Death, read_death
from kdumpcheck.analysis.suspects import Suspect, suspects

__all__ = ["Death", "Suspect", "read_death", "suspects"]
