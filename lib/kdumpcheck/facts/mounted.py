# SPDX-License-Identifier: Apache-2.0
"""A few lines of shell that find where dumps lie, for the sections that look there: ROOTRAID, or kdump-tools' place."""

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

#: Sets $coredir: where Debian's kdump-tools saves on this node, "" where it is not there.
COREDIR = r"""
coredir=''
if [ -e /usr/sbin/kdump-config ] && [ -e /etc/default/kdump-tools ]; then
    coredir=$(sed -n 's/^[[:space:]]*KDUMP_COREDIR=["'\'']\{0,1\}\([^"'\'' #;]*\).*/\1/p' /etc/default/kdump-tools |
        tail -n 1)
    case $coredir in /*) ;; *) coredir=/var/crash ;; esac
fi
"""
