# SPDX-License-Identifier: Apache-2.0
"""Faults of Debian's kdump-tools, whose capture kernel boots the node's own root."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import DEBIAN, Fault

_SETTINGS: Final = """\
defaults=/etc/default/kdump-tools
# The unit is green where nothing was loaded, so what is loaded is looked at.
load_anew() { systemctl restart kdump-tools.service; [ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ]; }
keep() { mkdir -p "$kept"; cp -p "$1" "$kept/"; }
"""
_PUT_BACK: Final = (
    _SETTINGS
    + """\
[ ! -f "$kept/kdump-tools" ] || cp -p "$kept/kdump-tools" "$defaults"
forget
load_anew || fail "kdump-tools did not load"
"""
)
_INITRD: Final = (
    _SETTINGS
    + """\
image=/var/lib/kdump/initrd.img-$kver
[ -f "$image" ] || fail "$image is not there, so there is nothing to break"
keep "$image"
"""
)
_INITRD_BACK: Final = (
    _SETTINGS
    + """\
image=/var/lib/kdump/initrd.img-$kver
[ ! -f "$kept/${image##*/}" ] || cp -p "$kept/${image##*/}" "$image"
forget
load_anew || fail "kdump-tools did not load"
"""
)
_FSTAB_BACK: Final = """\
[ ! -f "$kept/fstab" ] || cp -p "$kept/fstab" /etc/fstab
forget
"""
# What Debian's intel-microcode puts in front: an archive of its own, uncompressed, with the files the kernel looks for.
_EARLY: Final = """\
early=/var/tmp/kdumpcheck-lab-early
rm -rf "$early"
mkdir -p "$early/kernel/x86/microcode"
head -c 100000 /dev/zero | tr '\\000' m >"$early/kernel/x86/microcode/GenuineIntel.bin"
(cd "$early" && find kernel | cpio -o -H newc --quiet) >"$image.new"
rm -rf "$early"
"""

FAULTS: Final = (
    Fault(
        id="debian-off-and-loaded",
        title="USE_KDUMP=0 was written after the capture kernel was loaded: it boots, saves nothing and stays",
        effect="writes USE_KDUMP=0 and restarts kdump-tools.service, which neither unloads nor loads then",
        undo="writes USE_KDUMP=1 again and restarts it",
        expects=("savecore.settings",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_SETTINGS
        + """\
keep "$defaults"
sed -i 's/^USE_KDUMP=.*/USE_KDUMP=0/' "$defaults"
systemctl restart kdump-tools.service
""",
        heal_shell=_PUT_BACK,
    ),
    Fault(
        id="debian-off",
        title="USE_KDUMP=0: kdump-tools.service is green, and nothing was loaded at boot",
        effect="writes USE_KDUMP=0 and boots the node",
        undo="writes USE_KDUMP=1 again, loads and boots the node",
        expects=("savecore.settings", "service.loaded"),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        reboot=True,
        break_shell=_SETTINGS
        + """\
keep "$defaults"
sed -i 's/^USE_KDUMP=.*/USE_KDUMP=0/' "$defaults"
""",
        heal_shell=_PUT_BACK,
    ),
    Fault(
        id="debian-unloaded",
        title="kdump-tools.service is green, and its capture kernel was unloaded since",
        effect="unloads the capture kernel with kexec -p -u",
        undo="restarts kdump-tools.service",
        expects=("service.loaded",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell="unload\n",
        heal_shell=_PUT_BACK,
    ),
    Fault(
        id="debian-root-unknown",
        title="The capture kernel's root= names a disk that is not there",
        effect="gives KDUMP_CMDLINE a root= that no disk has, and loads it",
        undo="takes KDUMP_CMDLINE away and loads anew",
        expects=("savecore.command",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_SETTINGS
        + """\
keep "$defaults"
line=$(sed 's/ *crashkernel=[^ ]*//; s/root=[^ ]*/root=UUID=00000000-0000-4000-8000-000000000000/' /proc/cmdline)
echo "KDUMP_CMDLINE=\\"$line\\"" >>"$defaults"
load_anew || fail "kdump-tools did not load"
""",
        heal_shell=_PUT_BACK,
    ),
    Fault(
        id="debian-makedumpfile-missing",
        title="makedumpfile is not on the node: an empty dump is saved and called whole",
        effect="moves makedumpfile away",
        undo="moves makedumpfile back",
        expects=("savecore.programs",),
        outcome="unusable",
        dialects=DEBIAN,
        needs="vm",
        break_shell="""\
mkdir -p "$kept"
mv "$(command -v makedumpfile)" "$kept/"
sync
""",
        heal_shell="""\
[ ! -f "$kept/makedumpfile" ] || mv "$kept/makedumpfile" /usr/bin/
forget
""",
    ),
    Fault(
        id="debian-saver-masked",
        title="kdump-tools-dump.service is masked: the capture kernel starts nothing that saves",
        effect="masks kdump-tools-dump.service",
        undo="unmasks kdump-tools-dump.service",
        expects=("savecore.programs",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell="systemctl mask kdump-tools-dump.service 2>/dev/null\n",
        heal_shell="systemctl unmask kdump-tools-dump.service 2>/dev/null\n",
    ),
    Fault(
        id="debian-directory-in-memory",
        title="/etc/fstab has a tmpfs on /var/crash: the dump is saved into the capture kernel's memory",
        effect="adds a tmpfs on /var/crash to /etc/fstab, mounts it, and loads anew",
        undo="takes the line and the mount away, and loads anew",
        expects=("savecore.directory",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_SETTINGS
        + """\
keep /etc/fstab
echo 'tmpfs /var/crash tmpfs defaults 0 0' >>/etc/fstab
systemctl daemon-reload
mount /var/crash
load_anew || fail "kdump-tools did not load"
""",
        heal_shell="""\
[ ! -f "$kept/fstab" ] || cp -p "$kept/fstab" /etc/fstab
systemctl daemon-reload
mountpoint -q /var/crash && umount /var/crash
"""
        + _PUT_BACK,
    ),
    Fault(
        id="debian-fstab-without-root",
        title="/etc/fstab has no line for /: the capture kernel cannot write to its root",
        effect="takes the line for / out of /etc/fstab; the running node stays as it is",
        undo="puts /etc/fstab back",
        expects=("savecore.fstab",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_SETTINGS
        + """\
keep /etc/fstab
sed -i '/[[:space:]]\\/[[:space:]]/d' /etc/fstab
""",
        heal_shell=_FSTAB_BACK,
    ),
    Fault(
        id="debian-fstab-lost-disk",
        title="/etc/fstab names a disk that is not there: the capture kernel stops in an emergency shell",
        effect="adds a line for a disk that is not there to /etc/fstab",
        undo="puts /etc/fstab back",
        expects=("savecore.fstab",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_SETTINGS
        + """\
keep /etc/fstab
echo 'UUID=00000000-0000-4000-8000-000000000000 /srv ext4 defaults 0 2' >>/etc/fstab
""",
        heal_shell=_FSTAB_BACK,
    ),
    Fault(
        id="debian-disk-full",
        title="The disk of /var/crash is full",
        effect="fills the disk of /var/crash with one file",
        undo="removes that file",
        expects=("savecore.space",),
        outcome="unusable",
        dialects=DEBIAN,
        needs="vm",
        break_shell="""\
mkdir -p "$kept"
free=$(($(stat -f -c '%a * %S' /)))
fallocate -l $((free - 2097152)) "$kept/filler"
sync
""",
        heal_shell="forget\n",
    ),
    Fault(
        id="debian-initrd-without-disk",
        title="The kdump initrd lacks the driver of the root's disk",
        effect="takes virtio_blk out of the kdump initrd, and loads it",
        undo="puts the initrd back and loads it",
        expects=("savecore.root",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_INITRD
        + """\
work=/var/tmp/kdumpcheck-lab-initrd
rm -rf "$work"
mkdir "$work"
cd "$work"
zstd -dcq "$image" | cpio -idm --quiet
find . -name 'virtio_blk.ko*' | grep -q . || fail "virtio_blk is not in it"
find . -name 'virtio_blk.ko*' -delete
find . | cpio -o -H newc --quiet | zstd -q1 >"$image.new"
cd /
rm -rf "$work"
mv "$image.new" "$image"
load_anew || fail "kdump-tools did not load"
""",
        heal_shell=_INITRD_BACK,
    ),
    Fault(
        id="debian-initrd-cut-behind-microcode",
        title="The kdump initrd breaks off behind the early microcode in front of it",
        effect="puts an archive of early microcode before half of the kdump initrd, and loads that",
        undo="puts the initrd back and loads it",
        expects=("initrd.readable",),
        outcome="none",
        dialects=DEBIAN,
        needs="vm",
        break_shell=_INITRD
        + _EARLY
        + """\
head -c 2000000 "$image" >>"$image.new"
mv "$image.new" "$image"
load_anew || fail "kdump-tools did not load"
""",
        heal_shell=_INITRD_BACK,
    ),
)
