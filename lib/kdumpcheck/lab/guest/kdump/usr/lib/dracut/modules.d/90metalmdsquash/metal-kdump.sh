#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# pre-mount hook, every boot: make kdump's view of ROOTRAID look like the node's own / (mdsquash from 2.5.1 on).
#
# kdump >= 1.9 asks which mount its save directory lies on, so KDUMP_SAVEDIR names a place below ROOTRAID's own mount.
# There stands a link into the upper layer, at the same path with that mount taken off. It is relative, as the one of
# /boot is, so both hold at any mount point.

. /lib/metal-lib.sh

metal_links() {
    upper=./$(metal_live_dir)/$(metal_overlay_name)
    savedir=$(metal_savedir)
    metal_copy_boot "$METAL_MOUNT/$upper/boot"
    ln -snf "$upper/boot" "$METAL_MOUNT/boot"
    # An unreadable KDUMP_SAVEDIR makes no link: mkdumprd would make a directory of its own there.
    [ -n "$savedir" ] && metal_crash_link "/${savedir#"$METAL_MOUNT"/}"
    metal_readme "${savedir#"$METAL_MOUNT"/}" >"$METAL_MOUNT/README.txt"
}

# The save directory $1 of the node lies at the same path of the upper layer. Where it is /crash and not
# /var/crash, so does the upper layer's: its dumps then do not appear in /var/crash. Upstream's trait, too.
metal_crash_link() {
    link=$METAL_MOUNT$1
    mkdir -p "$METAL_MOUNT/$upper$1" "${link%/*}"
    ln -snf "$(realpath -m --relative-to="${link%/*}" "$METAL_MOUNT/$upper$1")" "$link"
}

if metal_kdump_wanted; then
    metal_links
fi
