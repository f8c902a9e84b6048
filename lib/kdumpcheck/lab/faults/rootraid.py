# SPDX-License-Identifier: Apache-2.0
"""Faults of ROOTRAID itself."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

FAULTS: Final = (
    Fault(
        id="rootraid-degraded",
        title="ROOTRAID has lost one of its two disks",
        effect="takes the second disk out of ROOTRAID's RAID1",
        warns=("rootraid.healthy",),
        outcome="dump",
        needs="vm",
        break_shell="""\
array=$(readlink -f "$(findmnt -no SOURCE "$rootraid")")
mdadm --quiet "$array" --fail /dev/vdc
sleep 1
mdadm --quiet "$array" --remove /dev/vdc
""",
    ),
    Fault(
        id="rootraid-read-only",
        title="ROOTRAID is mounted read-only on the running node",
        effect="makes ROOTRAID's mount read-only; the capture kernel mounts it by itself",
        warns=("rootraid.mounted",),
        outcome="dump",
        needs="vm",
        # Of the mount alone: the file system below a running overlay cannot be made read-only, trying hangs in XFS.
        break_shell='mount -o remount,bind,ro "$rootraid"\n',
    ),
    Fault(
        id="rootraid-label-gone",
        title="ROOTRAID has lost its label, by which the capture kernel looks for it",
        effect="gives ROOTRAID's file system another label",
        expects=("rootraid.mounted",),
        outcome="none",
        needs="vm",
        break_shell="""\
xfs_io -c 'label -s LOST' "$rootraid" >/dev/null
sync
udevadm trigger --settle --action=change "$(findmnt -no SOURCE "$rootraid")"
[ ! -e /dev/disk/by-label/ROOTRAID ] || fail "udev still knows the label"
""",
    ),
)
