# SPDX-License-Identifier: Apache-2.0
"""Machines that are no metal NCN, to which the whole catalogue does not apply."""

from __future__ import annotations

import re

from kdumpcheck.facts import System
from kdumpcheck.facts.boot import Words

_NCN = re.compile(r"ncn-[msw]\d{3}")
#: Names of compute and application nodes: NIDs and xnames (docs-csm operations/conman, Component Names).
_COMPUTE = re.compile(r"nid\d+|x\d+c\d+s\d+b\d+n\d+")
_OVERLAY = "LABEL=ROOTRAID"


def excuse(system: System) -> str:
    """Why nothing is judged on this machine, "" for one that is.

    A node named as an NCN that boots as one is judged, whatever else it says of itself. Read from documents:
    /etc/pit-release and the overlay label `cow` of the PIT, /etc/google_system and Google's firmware of vshasta,
    rd.live.ram=1 (metal-kdump.sh: "running in RAM without an overlayFS"). Inferred: a vagrant box by its root
    /dev/vda2, a compute node by its name and by having no overlay on ROOTRAID.
    """
    words = Words.of(system.cmdline)
    name = system.nodename.partition(".")[0]
    live, overlay = words.last("root").startswith("live:"), words.last("rd.live.overlay")
    if _NCN.fullmatch(name) and live and overlay == _OVERLAY:
        return ""
    if system.pit or overlay == "LABEL=cow":
        return "this is a PIT node (LiveCD), which keeps no dumps"
    if system.google or system.vendor.startswith("Google"):
        return "this is a vshasta node (a virtual machine at Google), which has no ROOTRAID"
    if words.switched_on("rd.live.ram") and overlay != _OVERLAY:
        return "this node runs from memory without an overlay on a disk (rd.live.ram), so nothing outlives a crash"
    if words.last("root") == "/dev/vda2" and not overlay:
        return "this is a vagrant box (root=/dev/vda2), which has no ROOTRAID"
    if _COMPUTE.fullmatch(name) and overlay != _OVERLAY:
        return "this is a compute or application node, which has no ROOTRAID"
    return ""
