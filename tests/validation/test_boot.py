# SPDX-License-Identifier: Apache-2.0
"""Does the dump survive the boot after the crash, and will that boot arm kdump again?

The capture kernel saves to ROOTRAID and reboots. What the next boot does with ROOTRAID stands on the kernel command
line.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Images, Kernels, Sysconfig
from kdumpcheck.facts.boot import HARMFUL

IN_BSS = "Set it in the node's boot parameters (BSS), and in grub.cfg on BOOTRAID for boots from disk."


@check(
    "boot.survives",
    title="The next boot leaves the dump where it is",
    instruction="metal.no-wipe=1, and neither rd.live.overlay.reset nor rd.live.overlay.readonly. " + IN_BSS,
    source="docs-csm background/ncn_mounts_and_filesystems.md, operations/node_management/Reboot_NCNs.md; "
    "dracut-metal-mdsquash README (metal.no-wipe)",
)
def test_dump_survives_the_next_boot(boot: Boot) -> None:
    """A rebuild or an upgrade sets these for a while; a crash in that while leaves nothing."""
    line = boot.running
    kept = line.switched_on("metal.no-wipe")
    expect(
        not line.wipes,
        expected="no metal.no-wipe=0, =no or =off",
        found=f"{line.wipes}: a boot over the network wipes the disks" if line.wipes else "none of them",
    )
    for switch, why in HARMFUL:
        on = line.switched_on(switch)
        expect(not on, expected=f"no {switch}", found=f"{switch}: {why}" if on else "not there")
    prefer(
        kept,
        expected="metal.no-wipe=1 on the command line",
        found=f"metal.no-wipe={line.last('metal.no-wipe') or '1'}"
        if kept
        else "no metal.no-wipe=: whether the disks are kept is up to the boot hook",
    )
    if boot.disk is not None:
        found = boot.disk.harm
        prefer(
            not found,
            expected=f"nothing in {boot.grub_file} that takes the dump away",
            found="; ".join(found) or "nothing",
        )


@check(
    "boot.grub",
    title="A boot from disk arms kdump as this boot did",
    severity=Severity.WARN,
    instruction="Make crashkernel= and rd.live.dir= in grub.cfg on BOOTRAID those of the node's boot parameters (BSS): "
    "cloud-init writes grub.cfg once and nothing keeps it up to date.",
    source="docs-csm background/ncn_kernel.md; csm-hotfixes CASMTRIAGE-7232-kdump",
    judges="node",
)
def test_boot_from_disk_is_like_this_boot(boot: Boot) -> None:
    """When the network is down, the node boots from grub.cfg, with whatever crash memory that asks for."""
    if not boot.grub_file:
        not_applicable("no grub.cfg is to be seen: BOOTRAID is not mounted (/metal/recovery)")
    disk = boot.disk
    if disk is None:
        not_applicable(f"{boot.grub_file} boots no kernel by a linux line")
    for key in ("crashkernel", "rd.live.dir"):
        here, there = (tuple(f"{key}={value}" for value in line.values(key)) for line in (boot.running, disk))
        expect(
            here == there,
            expected=f"{' '.join(here) or f'no {key}='} in {boot.grub_file}",
            found=" ".join(there) or f"no {key}=",
        )


@check(
    "boot.namelist",
    title="Dumps get the kernel's symbols: System.map and vmlinux lie in ROOTRAID/boot",
    severity=Severity.WARN,
    providers=("suse_legacy",),
    instruction="cp -p /run/rootfsbase/boot/System.map-$(uname -r) /run/rootfsbase/boot/vmlinux-$(uname -r).gz "
    "/run/initramfs/overlayfs/boot/ (or from the kernel-default package of the running kernel).",
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh load_boot_images; openSUSE/kdump savedump.cc",
    follows=("rootraid.mounted", "boot.survives", "links.boot"),
)
def test_dumps_get_their_symbols(images: Images, kernels: Kernels, sysconfig: Sysconfig) -> None:
    """Both are looked for before either is copied, so that one missing file costs both. crash(8) needs them."""
    copies = sysconfig.live.get("KDUMP_COPY_KERNEL", "")
    if copies.lower() not in ("yes", "true", "1"):
        not_applicable(f"KDUMP_COPY_KERNEL is {copies or 'empty'}: dumps are to get no symbols")
    release = kernels.running
    found = [name for name in (images.namelist(release), images.map(release)) if name]
    expect(
        len(found) == 2,
        expected=f"vmlinux-{release}.gz and System.map-{release} in ROOTRAID/boot",
        found=" and ".join(found) + (" alone" if len(found) == 1 else "") if found else "neither",
    )
