#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# What both hooks must agree on: where the node's upper layer lies inside ROOTRAID.

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
