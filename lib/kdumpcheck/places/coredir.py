# SPDX-License-Identifier: Apache-2.0
"""The save directory of Debian's kdump-tools, on the node's own root: KDUMP_COREDIR in /etc/default/kdump-tools.

Names are those of kdump-config's kdump_save_core: year to minute in one number, for the directory and in each file.
"""

from __future__ import annotations

from kdumpcheck.places.place import Place

#: Sets $coredir: where kdump-tools saves on this node, "" where it is not there.
COREDIR = r"""
coredir=''
if [ -e /usr/sbin/kdump-config ] && [ -e /etc/default/kdump-tools ]; then
    coredir=$(sed -n 's/^[[:space:]]*KDUMP_COREDIR=["'\'']\{0,1\}\([^"'\'' #;]*\).*/\1/p' /etc/default/kdump-tools |
        tail -n 1)
    case $coredir in /*) ;; *) coredir=/var/crash ;; esac
fi
"""

PLACE = Place(
    name="coredir",
    where="in the save directory",
    disk="its disk (du -x)",
    shell="find_coredir() {"
    + COREDIR
    + r"""
[ -z "$coredir" ] || point=$(readlink -f "$coredir")
shown=$point
}
parents_coredir() {
    "$1" "$shown"
}
""",
    names="[0-9][0-9][0-9][0-9][01][0-9][0-3][0-9][0-2][0-9][0-5][0-9]",
    memory=("dump.[0-9]*", "vmcore.[0-9]*"),
    logs=("dmesg.[0-9]*",),
    depth=1,
    stamp="%Y%m%d%H%M",
)
