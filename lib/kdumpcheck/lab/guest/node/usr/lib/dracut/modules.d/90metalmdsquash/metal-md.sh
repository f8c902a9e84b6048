#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# initqueue/settled hook: have ROOTRAID (XFS on MD RAID1) with the directories dmsquash-live wants for its overlay.
#
# A first boot makes it from two virgin disks. A disk with something on it is a reason to stop and say so - unless the
# command line says metal.no-wipe=0: then every disk is wiped first, at every boot, as on an NCN. (There, leaving the
# parameter out means the same; here nothing is wiped that was not asked for.)

. /lib/metal-lib.sh

# With root=kdump this is a capture kernel, and without an overlay there is nothing to prepare.
metal_wanted() {
    [ "$(getarg root)" != kdump ] && [ "$(getarg rd.live.overlay)" = LABEL=ROOTRAID ]
}

# Whole disks that can be written to.
metal_disks() {
    for disk in /dev/vd? /dev/sd? /dev/nvme?n?; do
        [ -b "$disk" ] && [ "$(cat "/sys/class/block/${disk##*/}/ro")" = 0 ] && echo "$disk"
    done
}

# Those without any partition table, RAID member or file system.
metal_blank_disks() {
    for disk in $(metal_disks); do
        blkid -p "$disk" >/dev/null 2>&1
        [ $? -eq 2 ] && echo "$disk"
    done
}

# Once a boot: the hook comes again and again, and what it has made since must stay.
metal_wipe() {
    [ "$(getarg metal.no-wipe)" = 0 ] && [ ! -e /run/metal-wipe.done ] || return 0
    warn "metal: metal.no-wipe=0: wiping all disks, with every dump on them"
    udevadm settle --timeout=10
    mdadm --stop --scan
    for disk in $(metal_disks); do
        # An array found by udev before holds its members back a moment longer than the command that stops it says.
        wipefs --all --force --quiet "$disk" || { mdadm --stop --scan; sleep 1; wipefs --all --force --quiet "$disk"; }
    done
    udevadm settle --timeout=10
    : >/run/metal-wipe.done
}

# udev assembles a whole array by itself. One that lost a member waits for it; after a while it must run without.
metal_assemble() {
    blkid -t TYPE=linux_raid_member >/dev/null || return 1
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -b /dev/disk/by-label/ROOTRAID ] && return 0
        sleep 0.5
        udevadm settle --timeout=10
    done
    warn "metal: ROOTRAID lacks a member; starting it without"
    mdadm --incremental --run --scan
    udevadm settle --timeout=10
    [ -b /dev/disk/by-label/ROOTRAID ]
}

metal_create() {
    # shellcheck disable=SC2046  # a list of devices
    set -- $(metal_blank_disks)
    [ $# -ge 2 ] || { warn "metal: ROOTRAID is missing and there are no two virgin disks to make it of"; return 1; }
    info "metal: making ROOTRAID of $1 and $2"
    # assume-clean: virgin disks are equal already, of wiped ones XFS reads only what it has written, and a resync
    # would compete with the boot.
    mdadm --create /dev/md/ROOT --run --assume-clean --homehost=any --metadata=1.2 --level=1 --raid-devices=2 "$1" "$2" || return 1
    # -f: of wiped disks the old file system is still there, exactly where the new one goes.
    mkfs.xfs -q -f -L ROOTRAID /dev/md/ROOT || return 1
    udevadm trigger --settle --action=change /dev/md/ROOT
    udevadm settle --timeout=10
}

# dmsquash-live takes an upper layer only where its directory and ovlwork exist; else it asks at the console, for ever.
metal_overlay_dirs() {
    overlay=$(metal_overlay_name) || return 1
    base=$METAL_MOUNT/$(metal_live_dir)
    mkdir -p "$METAL_MOUNT"
    mount -t xfs LABEL=ROOTRAID "$METAL_MOUNT" || return 1
    mkdir -p "$base/$overlay" "$base/ovlwork"
    umount "$METAL_MOUNT"
}

# dracut calls the hook again and again until the root is found: do it once, when the SquashFS disk is there.
if metal_wanted && [ ! -e /run/metal-md.done ] && [ -b /dev/disk/by-label/SQFSRAID ]; then
    modprobe -a raid1 xfs
    metal_wipe
    if [ -b /dev/disk/by-label/ROOTRAID ] || metal_assemble || metal_create; then
        metal_overlay_dirs && : >/run/metal-md.done
    fi
fi
