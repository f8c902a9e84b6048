#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# dracut module: ROOTRAID for the live root, and the links kdump needs on it (stand-in for dracut-metal-mdsquash 2).
# shellcheck disable=SC2154,SC2164  # moddir is dracut's

check() {
    # Only when asked for: the capture initrd finds ROOTRAID by its label and needs none of this.
    return 255
}

depends() {
    echo mdraid dmsquash-live
}

installkernel() {
    hostonly='' instmods md_mod raid1 xfs ext4 overlay squashfs loop virtio_blk virtio_pci virtio_net
}

install() {
    inst_multiple mdadm mkfs.xfs blkid mount umount mkdir ln cp cat grep readlink realpath sleep udevadm wipefs
    inst_hook initqueue/settled 10 "$moddir/metal-md.sh"
    inst_hook pre-mount 10 "$moddir/metal-kdump.sh"
    inst_simple "$moddir/metal-lib.sh" /lib/metal-lib.sh
}
