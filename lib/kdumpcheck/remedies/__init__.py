# SPDX-License-Identifier: Apache-2.0
"""Repairs: the only code, with the crash proof, that changes a node. One file a repair."""

from __future__ import annotations

from kdumpcheck.remedies import initrd_rebuild
from kdumpcheck.remedies.remedy import Action, Remedy, RemedyError

#: Every remedy this release knows, by the id that checks name.
REMEDIES: dict[str, Remedy] = {remedy.name: remedy for remedy in (initrd_rebuild.REMEDY,)}

__all__ = ["REMEDIES", "Action", "Remedy", "RemedyError"]
