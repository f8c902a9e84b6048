# Makes the mount namespace it runs in look like a healthy node (SUSE kdump 1.0.2). $here holds what is laid over.
# shellcheck shell=sh disable=SC2154
# (here is set by nodes.py.)
upper=/run/initramfs/overlayfs/LiveOS/overlay-SQFSRAID-5ca1ab1e
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd /run/systemd/system /run/pts /run/dev/disk/by-label /run/initramfs/overlayfs
mount --rbind /dev/pts /run/pts

# ROOTRAID: a tmpfs, and a block device node of its number, so that mountinfo names it.
mount -t tmpfs tmpfs /run/initramfs/overlayfs
number=$(sed -n 's#^[0-9]* [0-9]* 0:\([0-9]*\) / /run/initramfs/overlayfs .*#\1#p' /proc/self/mountinfo)
mknod /run/dev/md127 b 0 "$number"
ln -s ../../md127 /run/dev/disk/by-label/ROOTRAID
mkdir -p "$upper/boot" "$upper/var/crash"
ln -s "./${upper#/run/initramfs/overlayfs/}/boot" /run/initramfs/overlayfs/boot
ln -s "./${upper#/run/initramfs/overlayfs/}/var/crash" /run/initramfs/overlayfs/crash
ln -s "$upper" /run/overlayfs
mount -t overlay overlay -o "lowerdir=/run/dev:/dev" /dev
mount --rbind /run/pts /dev/pts

# Built on this node, so that it lies in the upper layer as well as where it is seen.
cp -p "$here/boot/initrd-$(uname -r)-kdump" "$upper/boot/"
for place in etc boot usr/bin; do
    mount -t overlay overlay -o "lowerdir=$here/$place:/$place" "/$place"
done
mount --bind "$here/cmdline" /proc/cmdline
mount -t tmpfs tmpfs /sys/kernel
echo 1 >/sys/kernel/kexec_crash_loaded
echo 167772160 >/sys/kernel/kexec_crash_size
mount --bind "$here/panic_on_oops" /proc/sys/kernel/panic_on_oops
mkdir -p /run/rootfsbase/etc/sysconfig
cp -p "$here/etc/sysconfig/kdump" /run/rootfsbase/etc/sysconfig/kdump

# BOOTRAID, likewise; and what crash(8) wants to find beside the dumps of this kernel.
mount -t tmpfs tmpfs /mnt
mkdir /mnt/recovery
mount -t tmpfs tmpfs /mnt/recovery
number=$(sed -n 's#^[0-9]* [0-9]* 0:\([0-9]*\) / /mnt/recovery .*#\1#p' /proc/self/mountinfo)
mknod /run/dev/md125 b 0 "$number"
ln -s ../../md125 /run/dev/disk/by-label/BOOTRAID
mkdir -p /mnt/recovery/boot/grub2
cp "$here/grub.cfg" /mnt/recovery/boot/grub2/grub.cfg
echo symbols >"$upper/boot/vmlinux-$(uname -r).gz"
echo symbols >"$upper/boot/System.map-$(uname -r)"
