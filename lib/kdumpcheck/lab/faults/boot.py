# SPDX-License-Identifier: Apache-2.0
"""Faults of how the node boots: those that take the dump away afterwards, and those of the next boot."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import LEGACY, NEW, Fault
from kdumpcheck.lab.faults.tools import FORGET_GRUB, RENEW_GRUB

FAULTS: Final = (
    Fault(
        id="overlay-reset",
        title="Every boot throws the upper layer away, and the dump with it",
        effect="boots the node with rd.live.overlay.reset=1 on its kernel command line",
        undo="boots the node without it",
        expects=("boot.survives",),
        outcome="none",
        needs="vm",
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        add=("rd.live.overlay.reset=1",),
        strikes_at_boot=True,
        dialects=LEGACY,
    ),
    # The boot hook makes /var/crash in the upper layer and a link to it; then the layer is thrown away, and the link
    # leads nowhere. mkdumprd of this line makes its save directory before it builds, and cannot.
    Fault(
        id="overlay-reset-unarmed",
        title="Every boot throws the upper layer away, and kdump from 1.9 on then builds no initrd",
        effect="boots the node with rd.live.overlay.reset=1 on its kernel command line",
        undo="boots the node without it",
        expects=("boot.survives", "initrd.present", "service.active"),
        outcome="none",
        dialects=NEW,
        needs="vm",
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        add=("rd.live.overlay.reset=1",),
        strikes_at_boot=True,
    ),
    Fault(
        id="overlay-read-only",
        title="The node runs on an upper layer in memory, and ROOTRAID's is not written to",
        effect="boots the node with rd.live.overlay.readonly=1 on its kernel command line",
        undo="boots the node without it",
        expects=("boot.survives",),
        outcome="elsewhere",
        needs="vm",
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        add=("rd.live.overlay.readonly=1",),
        strikes_at_boot=True,
    ),
    Fault(
        id="no-wipe-0",
        title="Every boot wipes the disks, and the dump with them",
        effect="boots the node with metal.no-wipe=0 on its kernel command line, which wipes what was on ROOTRAID",
        undo="boots the node with metal.no-wipe=1; what was wiped stays so",
        expects=("boot.survives",),
        outcome="none",
        needs="vm",
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        drop=("metal.no-wipe",),
        add=("metal.no-wipe=0",),
        strikes_at_boot=True,
    ),
    Fault(
        id="grub-other-crashkernel",
        title="A boot from disk would reserve another amount of crash memory",
        effect="changes crashkernel= in grub.cfg on the recovery partition",
        warns=("boot.grub",),
        outcome="dump",
        needs="vm",
        break_shell="""\
grub=/metal/recovery/boot/grub2/grub.cfg
[ -f "$grub" ] || fail "there is no $grub"
sed -i 's/crashkernel=[^ ]*/crashkernel=96M/' "$grub"
""",
    ),
    Fault(
        id="namelist-missing",
        title="ROOTRAID/boot has no vmlinux of the running kernel, and dumps get none",
        effect="removes vmlinux and System.map from the upper layer's /boot",
        warns=("boot.namelist",),
        outcome="dump",
        dialects=LEGACY,
        needs="vm",
        break_shell='rm "$rootraid/boot/vmlinux-$kver.gz" "$rootraid/boot/System.map-$kver"\n',
    ),
)
