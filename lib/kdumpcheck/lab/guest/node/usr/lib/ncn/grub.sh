#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Write /metal/recovery/boot/grub2/grub.cfg: what the node would boot with from its own disk.
set -eu
directory=/metal/recovery/boot/grub2
mkdir -p "$directory"
. /etc/os-release
cat >"$directory/grub.cfg" <<CFG
set timeout=10
set default=0
menuentry "$NAME $VERSION" {
    search --no-floppy --label BOOTRAID --set=root
    linux /boot/kernel $(cat /proc/cmdline)
    initrd /boot/initrd.img.xz
}
CFG
