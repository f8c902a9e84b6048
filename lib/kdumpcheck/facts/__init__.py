# SPDX-License-Identifier: Apache-2.0
"""Typed facts, read out of evidence: one subject a file, its probe sections beside its pure parser.

A check asks for a fact by the name it has here; that is also how the probe knows what to look at.
"""

from __future__ import annotations

from kdumpcheck.facts.boot import Boot
from kdumpcheck.facts.calibration import Calibration
from kdumpcheck.facts.contents import Contents
from kdumpcheck.facts.crashkernel import Crashkernel
from kdumpcheck.facts.defaults import Defaults
from kdumpcheck.facts.devices import Devices
from kdumpcheck.facts.dumps import Dumps
from kdumpcheck.facts.fact import Fact
from kdumpcheck.facts.fstab import Fstab
from kdumpcheck.facts.image import Image
from kdumpcheck.facts.images import Images
from kdumpcheck.facts.initrds import Initrds
from kdumpcheck.facts.journal import Journal
from kdumpcheck.facts.kdumpconf import Kdumpconf
from kdumpcheck.facts.kernels import Kernels
from kdumpcheck.facts.modules import Modules
from kdumpcheck.facts.packages import Packages
from kdumpcheck.facts.reservation import Reservation
from kdumpcheck.facts.rootraid import Rootraid
from kdumpcheck.facts.savecore import Savecore
from kdumpcheck.facts.security import Security
from kdumpcheck.facts.space import Space
from kdumpcheck.facts.storage import Storage
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.facts.sysctls import Sysctls
from kdumpcheck.facts.system import System
from kdumpcheck.facts.units import Units
from kdumpcheck.facts.watchdogs import Watchdogs

#: The word a check uses for a fact, and the fact it gets.
FACTS: dict[str, type[Fact]] = {
    "boot": Boot,
    "calibration": Calibration,
    "contents": Contents,
    "crashkernel": Crashkernel,
    "defaults": Defaults,
    "devices": Devices,
    "dumps": Dumps,
    "fstab": Fstab,
    "image": Image,
    "images": Images,
    "initrds": Initrds,
    "journal": Journal,
    "kdumpconf": Kdumpconf,
    "kernels": Kernels,
    "modules": Modules,
    "packages": Packages,
    "reservation": Reservation,
    "rootraid": Rootraid,
    "savecore": Savecore,
    "security": Security,
    "space": Space,
    "storage": Storage,
    "sysconfig": Sysconfig,
    "sysctls": Sysctls,
    "system": System,
    "units": Units,
    "watchdogs": Watchdogs,
}

__all__ = [
    "FACTS",
    "Boot",
    "Calibration",
    "Contents",
    "Crashkernel",
    "Defaults",
    "Devices",
    "Dumps",
    "Fact",
    "Fstab",
    "Image",
    "Images",
    "Initrds",
    "Journal",
    "Kdumpconf",
    "Kernels",
    "Modules",
    "Packages",
    "Reservation",
    "Rootraid",
    "Savecore",
    "Security",
    "Space",
    "Storage",
    "Sysconfig",
    "Sysctls",
    "System",
    "Units",
    "Watchdogs",
]
