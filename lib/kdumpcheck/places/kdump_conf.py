# SPDX-License-Identifier: Apache-2.0
"""The save directory of kdump-utils (RHEL, Fedora): `path` of /etc/kdump.conf, on the file system that it names, or /.

What is saved on another machine, or on a bare disk, is no directory of the node's: then there is none.
Source: kdump.conf(5) (path, ext[234], xfs, btrfs, virtiofs, nfs, ssh, raw).
"""

from __future__ import annotations

from kdumpcheck.places.place import Place

#: Sets $point and $shown; nothing where kdump-utils is not there, or does not save to a file system of the node's.
KDUMP_CONF = r"""
[ -e /usr/bin/kdumpctl ] && [ -e /etc/kdump.conf ] || return 0
plain=$(sed 's/#.*//; s/^[[:space:]]*//; s/[[:space:]]*$//; s/[[:space:]][[:space:]]*/ /g' /etc/kdump.conf)
path=$(printf '%s\n' "$plain" | sed -n 's/^path //p' | tail -n 1)
target=$(printf '%s\n' "$plain" | grep -E '^(ext[234]|xfs|btrfs|minix|virtiofs|nfs|ssh|raw) ' | tail -n 1)
on=''
case $target in
    '') ;;
    nfs\ * | ssh\ * | raw\ *) return 0 ;;
    *)
        on=$(findmnt -n -r -o TARGET --source "${target#* }" | head -n 1)
        [ -n "$on" ] || return 0
        on=${on%/}
        ;;
esac
point=$(readlink -f "$on/${path:-/var/crash}")
shown=$point
"""

PLACE = Place(
    name="kdump_conf",
    where="in the save directory",
    disk="its disk (du -x)",
    shell="find_kdump_conf() {"
    + KDUMP_CONF
    + r"""
}
parents_kdump_conf() {
    "$1" "$shown"
}
""",
    # A dump of this node; those that other machines save here begin with their own addresses.
    names="127.0.0.1-[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]-[0-2][0-9]:[0-5][0-9]:[0-5][0-9]",
    memory=("vmcore",),
    logs=("vmcore-dmesg.txt",),
    depth=1,
)
