#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pre-mount hook, every boot: make kdump's view of ROOTRAID look like the node's own / (mdsquash 2.1.1 to 2.5.0).
#
# The capture kernel mounts ROOTRAID itself and knows no overlay. The links let it find /boot (System.map and vmlinux)
# and the save directory. They are relative, so they hold at any mount point.

. /lib/metal-lib.sh

metal_links() {
    upper=./$(metal_live_dir)/$(metal_overlay_name)
    savedir=$(metal_savedir)
    mkdir -p "$METAL_MOUNT/$upper/var/crash"
    metal_copy_boot "$METAL_MOUNT/$upper/boot"
    ln -snf "$upper/boot" "$METAL_MOUNT/boot"
    # An unreadable KDUMP_SAVEDIR makes no crash link, as upstream: kdump would make a directory of its own there.
    [ -n "$savedir" ] && ln -snf "$upper/var/crash" "$METAL_MOUNT/${savedir#/}"
    metal_readme crash >"$METAL_MOUNT/README.txt"
}

if metal_kdump_wanted; then
    metal_links
fi
