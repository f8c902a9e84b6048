# SPDX-License-Identifier: Apache-2.0
"""A few lines of shell that find where ROOTRAID is mounted, for the sections that look into it."""

from __future__ import annotations

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
