#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What the hooks must agree on: where the node's upper layer lies inside ROOTRAID, and what kdump needs there.

command -v getarg >/dev/null || . /lib/dracut-lib.sh

METAL_MOUNT=/run/initramfs/overlayfs

# The directory of this boot inside ROOTRAID. It is not always LiveOS: upgrades set rd.live.dir to the release.
metal_live_dir() {
    live_dir=$(getarg rd.live.dir)
    echo "${live_dir:-LiveOS}"
}

# overlay-<label>-<uuid> of the file system that holds the SquashFS (not of ROOTRAID), as dmsquash-live names it.
metal_overlay_name() {
    squashfs_label=$(getarg root)
    squashfs_label=${squashfs_label##*LABEL=}
    squashfs_device=$(blkid -L "$squashfs_label") || return 1
    echo "overlay-$squashfs_label-$(blkid -s UUID -o value "$squashfs_device")"
}

# A capture kernel, or a node without an overlay, has no use for kdump's view of ROOTRAID.
metal_kdump_wanted() {
    [ "$(getarg root)" != kdump ] && [ -n "$(getarg rd.live.overlay)" ] && ismounted "$METAL_MOUNT"
}

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

# The argument names the link to the dumps, as one sees it in ROOTRAID.
metal_readme() {
    cat <<TEXT
This is ROOTRAID, the upper layer of this node's root file system.

boot and $1 are links for kdump, made at every boot: the capture kernel mounts ROOTRAID by itself and follows
them into the upper layer. Dumps saved under $1 appear in /var/crash on the running node.
TEXT
}
