# SPDX-License-Identifier: Apache-2.0
"""Typed facts, read out of evidence: one subject a file, its probe sections beside its pure parser.

A check asks for a fact by the name it has here; that is also how the probe knows what to look at.
"""

from __future__ import annotations

from kdumpcheck.facts.contents import Contents
from kdumpcheck.facts.crashkernel import Crashkernel
from kdumpcheck.facts.devices import Devices
from kdumpcheck.facts.fact import Fact
from kdumpcheck.facts.fstab import Fstab
from kdumpcheck.facts.initrds import Initrds
from kdumpcheck.facts.kernels import Kernels
from kdumpcheck.facts.packages import Packages
from kdumpcheck.facts.reservation import Reservation
from kdumpcheck.facts.rootraid import Rootraid
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.facts.system import System
from kdumpcheck.facts.units import Units

#: The word a check uses for a fact, and the fact it gets.
FACTS: dict[str, type[Fact]] = {
    "contents": Contents,
    "crashkernel": Crashkernel,
    "devices": Devices,
    "fstab": Fstab,
    "initrds": Initrds,
    "kernels": Kernels,
    "packages": Packages,
    "reservation": Reservation,
    "rootraid": Rootraid,
    "sysconfig": Sysconfig,
    "system": System,
    "units": Units,
}

__all__ = [
    "FACTS",
    "Contents",
    "Crashkernel",
    "Devices",
    "Fact",
    "Fstab",
    "Initrds",
    "Kernels",
    "Packages",
    "Reservation",
    "Rootraid",
    "Sysconfig",
    "System",
    "Units",
]
