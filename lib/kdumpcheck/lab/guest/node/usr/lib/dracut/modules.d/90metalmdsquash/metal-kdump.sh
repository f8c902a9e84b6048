#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pre-mount hook, every boot: make kdump's view of ROOTRAID look like the node's own / (mdsquash 2.1.1 to 2.5.0).
#
# The capture kernel mounts ROOTRAID itself and knows no overlay. The links let it find /boot (System.map and vmlinux)
# and the save directory. They are relative, so they hold at any mount point.

. /lib/metal-lib.sh

# The vendor's pattern on the SquashFS copy: an edit on the live node, or other quoting, is not seen here.
metal_savedir() {
    grep -oP 'KDUMP_SAVEDIR="file://\K\S+[^"]' /run/rootfsbase/etc/sysconfig/kdump
}

metal_kernel_version() {
    kernel=$(readlink -f /run/rootfsbase/boot/vmlinuz)
    kernel=${kernel##*/}
    echo "${kernel#*-}"
}

# What was deleted on the running node stands here as a whiteout, a device node; a copy must replace it, not open it.
metal_copy() {
    cp -p --remove-destination "$@"
}

# Only the upper layer is visible through the link, so what a dump needs must be copied up.
metal_copy_boot() {
    version=$(metal_kernel_version)
    mkdir -p "$1"
    if ! metal_copy "/run/rootfsbase/boot/System.map-$version" "$1/"; then
        warn "metal: no System.map-$version; kdump will not generate a system.map"
    fi
    if ! metal_copy "/run/rootfsbase/boot/vmlinux-$version.gz" "$1/"; then
        warn "metal: no vmlinux-$version.gz; kdump will produce incomplete dumps"
    fi
}

metal_readme() {
    cat <<'TEXT'
This is ROOTRAID, the upper layer of this node's root file system.

boot and crash are links for kdump, made at every boot: the capture kernel mounts ROOTRAID by itself and follows
them into the upper layer. Dumps saved under crash appear in /var/crash on the running node.
TEXT
}

metal_links() {
    upper=./$(metal_live_dir)/$(metal_overlay_name)
    savedir=$(metal_savedir)
    mkdir -p "$METAL_MOUNT/$upper/var/crash"
    metal_copy_boot "$METAL_MOUNT/$upper/boot"
    ln -snf "$upper/boot" "$METAL_MOUNT/boot"
    # An unreadable KDUMP_SAVEDIR makes no crash link, as upstream: kdump would make a directory of its own there.
    [ -n "$savedir" ] && ln -snf "$upper/var/crash" "$METAL_MOUNT/${savedir#/}"
    metal_readme >"$METAL_MOUNT/README.txt"
}

if [ "$(getarg root)" != kdump ] && [ -n "$(getarg rd.live.overlay)" ] && ismounted "$METAL_MOUNT"; then
    metal_links
fi
