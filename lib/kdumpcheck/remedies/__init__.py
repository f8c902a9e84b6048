# SPDX-License-Identifier: Apache-2.0
"""Repairs: the only code, with the crash proof, that changes a node. One file a repair."""

from __future__ import annotations

from kdumpcheck.remedies import (
    config_repair,
    dumps_prune,
    initrd_rebuild,
    links_repair,
    node_reboot,
    node_reset,
    service_enable,
    service_restart,
)
from kdumpcheck.remedies.remedy import Action, Remedy, RemedyError

#: Every remedy this release knows, by the id that checks name, in the order in which a node gets them: what others
#: build on comes first, what loads comes after, and a reboot last of all.
REMEDIES: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        config_repair.REMEDY,
        links_repair.REMEDY,
        dumps_prune.REMEDY,
        service_enable.REMEDY,
        initrd_rebuild.REMEDY,
        service_restart.REMEDY,
        node_reboot.REMEDY,
        node_reset.REMEDY,
    )
}

__all__ = ["REMEDIES", "Action", "Remedy", "RemedyError"]
