# SPDX-License-Identifier: Apache-2.0
"""ROOTRAID of a metal NCN: dumps lie in its upper layer, and in those of earlier releases or in a link's place."""

from __future__ import annotations

from kdumpcheck.places.place import Place

#: Sets $point: the boot hook's own mount where it is one of ROOTRAID's, else the first, "" when there is none.
FIND_ROOTRAID = r"""
point='' number=''
label=/dev/disk/by-label/ROOTRAID
[ -b "$label" ] && number=$(stat -L -c '%t:%T' "$label") && number=$(printf '%d:%d' "0x${number%:*}" "0x${number#*:}")
while read -r _ _ device root where _; do
    [ "$device $root" = "$number /" ] || continue
    if [ -z "$point" ] || [ "$where" = /run/initramfs/overlayfs ]; then point=$where; fi
done </proc/self/mountinfo
"""

PLACE = Place(
    name="rootraid",
    where="on ROOTRAID",
    disk="ROOTRAID (du -x /run/initramfs/overlayfs)",
    shell="find_rootraid() {"
    + FIND_ROOTRAID
    + r"""
shown=$(readlink -f /run/overlayfs)/var/crash
}
parents_rootraid() {
    "$1" "$point"/crash "$point"/var/crash "$point"/*/overlay-*/crash "$point"/*/overlay-*/var/crash \
        "$point"/crash/crash "$point"/var/crash/crash "$point"/*/overlay-*/var/crash/crash
}
""",
    # kdump before 1.9 writes hour and minute with a colon, from 1.9 on with a dash (dracut/kdump-save).
    names="[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]-[0-2][0-9][-:][0-5][0-9]",
    memory=("vmcore",),
    logs=("dmesg.txt", "dmesg"),
    depth=6,
    view="/var/crash",
    readme=True,
    hooked=True,
)
