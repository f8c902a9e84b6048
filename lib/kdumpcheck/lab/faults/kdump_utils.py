# SPDX-License-Identifier: Apache-2.0
"""Faults of RHEL's kdump-utils, whose settings are built into the initrd."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import RHEL, Fault

_SETTINGS: Final = """\
conf=/etc/kdump.conf
image=/boot/initramfs-${kver}kdump.img
keep() { mkdir -p "$kept"; cp -p "$conf" "$image" "$kept/"; }
set_option() { sed -i "/^$1 /d" "$conf"; echo "$1 $2" >>"$conf"; }
# The second after that in which the initrd was built, or the rule by which it is stale would not see a difference.
later() { [ "$(date +%s)" -gt "$(stat -c %Y "$image")" ] || sleep 1; }
restart() { systemctl restart kdump.service 2>/dev/null || fail "kdump.service did not start"; }
# What is built here is packed in seconds: gzip -9, dracut's own choice, takes a minute under emulation.
mkdir -p /etc/dracut.conf.d
echo 'compress="gzip -1"' >/etc/dracut.conf.d/kdumpcheck-lab.conf
keep
later
"""
_BACK: Final = """\
[ ! -d "$kept" ] || { cp -p "$kept/kdump.conf" /etc/ && cp -p "$kept"/initramfs-*kdump.img /boot/; }
rm -f /etc/dracut.conf.d/kdumpcheck-lab.conf
forget
systemctl reset-failed kdump.service 2>/dev/null || :
systemctl restart kdump.service
"""
_BROKEN: Final = """\
systemctl restart kdump.service 2>/dev/null && fail "kdump.service started all the same"
exit 0
"""
_NOWHERE: Final = "00000000-0000-4000-8000-000000000000"

FAULTS: Final = (
    Fault(
        id="rhel-option-unknown",
        title="kdump.conf has an option that kdumpctl does not know, and kdump does not start",
        effect="misspells an option in /etc/kdump.conf and restarts kdump.service, which fails",
        undo="puts /etc/kdump.conf back and restarts it",
        expects=("kdumpconf.settings",),
        warns=("initrd.fresh",),
        outcome="none",
        dialects=RHEL,
        needs="vm",
        break_shell=_SETTINGS + "echo 'core_colector makedumpfile -c -d 31' >>\"$conf\"\n" + _BROKEN,
        heal_shell=_BACK,
    ),
    Fault(
        id="rhel-option-unknown-loaded",
        title="kdump.conf has an option that kdumpctl does not know since kdump was started",
        effect="misspells an option in /etc/kdump.conf, and restarts nothing",
        undo="puts /etc/kdump.conf back",
        warns=("initrd.fresh", "kdumpconf.settings"),
        outcome="dump",
        dialects=RHEL,
        needs="vm",
        break_shell=_SETTINGS + "echo 'core_colector makedumpfile -c -d 31' >>\"$conf\"\n",
        heal_shell=_BACK,
    ),
    Fault(
        id="rhel-target-unknown",
        title="kdump.conf names a disk that is not there, and kdump does not start",
        effect="names a target in /etc/kdump.conf that no disk is, and restarts kdump.service, which fails",
        undo="puts /etc/kdump.conf back and restarts it",
        expects=("kdumpconf.target",),
        warns=("initrd.fresh",),
        outcome="none",
        dialects=RHEL,
        needs="vm",
        break_shell=_SETTINGS + f"set_option ext4 UUID={_NOWHERE}\n" + _BROKEN,
        heal_shell=_BACK,
    ),
    Fault(
        id="rhel-initrd-without-makedumpfile",
        title="The kdump initrd holds no makedumpfile",
        effect="takes makedumpfile out of the kdump initrd, and loads it",
        undo="puts the initrd back and loads it",
        expects=("initrd.tools",),
        # kdumpctl loads it without a new start of the unit.
        warns=("initrd.loaded",),
        outcome="none",
        dialects=RHEL,
        needs="vm",
        break_shell=_SETTINGS
        + """\
work=/var/tmp/kdumpcheck-lab-initrd
rm -rf "$work"
mkdir "$work"
cd "$work"
gzip -dc "$image" | cpio -idm --quiet
find . -name makedumpfile | grep -q . || fail "makedumpfile is not in it"
find . -name makedumpfile -delete
find . | cpio -o -H newc --quiet | gzip -1 >"$image.new"
cd /
rm -rf "$work"
mv "$image.new" "$image"
kdumpctl reload 2>/dev/null || fail "kdumpctl did not load it"
""",
        heal_shell=_BACK,
    ),
    Fault(
        id="rhel-path-never-rebuilt",
        title="The initrd saves to another path than kdump.conf says, and force_no_rebuild keeps it",
        effect="builds the initrd for /srv/crash, writes /var/crash and force_no_rebuild, and restarts kdump.service",
        undo="puts /etc/kdump.conf and the initrd back and loads it",
        expects=("kdumpconf.copy",),
        warns=("initrd.fresh",),
        outcome="elsewhere",
        dialects=RHEL,
        needs="vm",
        break_shell=_SETTINGS
        + """\
mkdir -p /srv/crash
set_option path /srv/crash
kdumpctl rebuild 2>/dev/null || fail "kdumpctl did not build"
later
set_option path /var/crash
set_option force_no_rebuild 1
restart
""",
        heal_shell=_BACK,
    ),
    Fault(
        id="rhel-root-full",
        title="The disk of /var/crash is full",
        effect="fills the disk of /var/crash with one file",
        undo="removes that file",
        expects=("kdumpconf.space",),
        outcome="none",
        dialects=RHEL,
        needs="vm",
        break_shell="""\
mkdir -p "$kept"
free=$(($(stat -f -c '%a * %S' /)))
fallocate -l $((free - 2097152)) "$kept/filler"
sync
""",
        heal_shell="forget\n",
    ),
)
