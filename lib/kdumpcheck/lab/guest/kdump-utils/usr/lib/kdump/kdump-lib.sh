#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Reading /etc/kdump.conf: sourced on the node, and in the capture initrd, which carries both files.

KDUMP_CONFIG_FILE=/etc/kdump.conf

say() {
    echo "kdump: $*" >&2
}

# Lines "OPTION VALUE" without comments and without white space around them.
conf_lines() {
    awk '{ sub(/#.*/, "") }
        NF {
            option = $1
            sub(/^[ \t]*[^ \t]+[ \t]*/, "")
            sub(/[ \t]+$/, "")
            print option, $0
        }' "$KDUMP_CONFIG_FILE"
}

conf_value() {
    conf_lines | while read -r option value; do
        [ "$option" != "$1" ] || echo "$value"
    done
}

# "TYPE SPEC" of the target that is configured; nothing where dumps go to what `path` lies on.
conf_target() {
    conf_lines | while read -r option value; do
        case $option in
            raw | nfs | ssh | ext[234] | xfs | btrfs | minix | virtiofs) echo "$option $value" ;;
        esac
    done
}

# The three words after --mount in dracut_args, which then is the target and is not looked at any further.
conf_dracut_mount() {
    conf_value dracut_args | sed -n "s/.*--mount[= ]*[\"']\{0,1\}\([^\"']*\).*/\1/p"
}

save_path() {
    path=$(conf_value path)
    echo "${path:-/var/crash}"
}
