# SPDX-License-Identifier: Apache-2.0
"""Faults of /etc/fstab, from which kdump before 1.9 takes the disk for the dump when it next builds its initrd."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, Fault

_KEPT_TIME: Final = """\
touch -r /etc/fstab /run/kdumpcheck-lab-time
%s
touch -r /run/kdumpcheck-lab-time /etc/fstab
"""

FAULTS: Final = (
    Fault(
        id="fstab-without-root",
        title="/etc/fstab has no line for /, so that the next kdump initrd would save to the overlay",
        effect="takes / out of /etc/fstab; the initrd that is there was built before",
        warns=("fstab.root",),
        outcome="dump",
        dialects=LEGACY,
        needs="vm",
        break_shell=_KEPT_TIME % "sed -i '/ROOTRAID/d' /etc/fstab",
    ),
    Fault(
        id="fstab-lost-label",
        title="/etc/fstab names a disk for / that does not exist",
        effect="misspells ROOTRAID in /etc/fstab; the initrd that is there was built before",
        warns=("fstab.root",),
        outcome="dump",
        dialects=LEGACY,
        needs="vm",
        break_shell=_KEPT_TIME % "sed -i 's/ROOTRAID/ROOTRAD/' /etc/fstab",
    ),
)
