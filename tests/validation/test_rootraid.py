# SPDX-License-Identifier: Apache-2.0
"""Will the dump land where it survives the reboot and can be found?

The capture kernel mounts ROOTRAID itself, with no overlay on it, and finds its way by two links that the boot hook
of dracut-metal-mdsquash makes: `boot` and `crash`, both relative, both into the current upper layer.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Rootraid, Storage, Sysconfig
from kdumpcheck.providers import Provider

REMAKE = (
    "The boot hook makes the links anew at each boot, but it cannot replace a real directory: move any dumps in it "
    "to /var/crash, remove it, then reboot the node. Unmount what hides /var/crash, and take it out of /etc/fstab."
)
SOURCE = "dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh; docs-csm background/ncn_kdump.md"


@check(
    "rootraid.mounted",
    title="ROOTRAID is there and mounted for writing",
    instruction="Look at the disks (/proc/mdstat; lsblk -o NAME,LABEL,MOUNTPOINT): the overlay belongs on ROOTRAID.",
    source="dracut-metal-mdsquash metal-md-lib.sh; lsblk(8)",
)
def test_rootraid_is_mounted(rootraid: Rootraid) -> None:
    """The capture kernel mounts it by itself, and for writing whatever it is here."""
    mount = rootraid.mount
    expect(
        rootraid.device,
        expected="a disk labelled ROOTRAID",
        found=rootraid.device or "no disk has this label",
    )
    expect(
        mount is not None,
        expected=f"{rootraid.device} mounted",
        found=f"mounted on {mount.point}" if mount else "it is not mounted",
    )
    options = mount.options if mount else ()
    prefer("rw" in options, expected="mounted for writing", found=",".join(options))


@check(
    "rootraid.healthy",
    title="ROOTRAID has all its disks, and nothing below that a capture kernel cannot open",
    severity=Severity.WARN,
    instruction="Replace the disk that failed (cat /proc/mdstat; mdadm --detail /dev/md/ROOT; mdadm --add). ROOTRAID "
    "belongs on an MD array of plain disks: behind encryption, multipath or LVM prove by a test crash that it works.",
    source="dracut-metal-mdsquash metal-md-lib.sh (RAID1 of two disks); Linux Documentation/admin-guide/md.rst; "
    "bsc#1229207 (encrypted targets)",
    follows=("rootraid.mounted",),
)
def test_rootraid_is_healthy(storage: Storage) -> None:
    """A degraded array still takes a dump, on the one disk that is left."""
    if not storage.layers:
        not_applicable("no disk is labelled ROOTRAID")
    lacking = [layer.array for layer in storage.layers if layer.missing]
    arrays = [layer.array for layer in storage.layers if layer.array]
    expect(
        not lacking,
        expected="arrays with all their disks",
        found="; ".join(lacking or arrays) or "no array",
    )
    obstacles = [layer.obstacle for layer in storage.layers if layer.obstacle]
    expect(
        not obstacles,
        expected="plain disks below ROOTRAID",
        found="; ".join(obstacles) or ", ".join(layer.name for layer in storage.layers),
    )


@check(
    "links.boot",
    title="ROOTRAID's boot link leads into the upper layer",
    severity=Severity.WARN,
    remedy="links.repair",
    instruction=REMAKE,
    source=SOURCE + "; from 1.9 on kdump copies no kernel",
    follows=("rootraid.mounted", "boot.survives"),
    providers=("suse_legacy",),
)
def test_boot_link_leads_into_the_upper_layer(rootraid: Rootraid) -> None:
    """Without it the dump is saved, but without the kernel image and System.map that `crash` reads it with."""
    leads_into_the_upper_layer(rootraid, "/boot", rootraid.upper + "/boot")


@check(
    "links.crash",
    title="ROOTRAID's crash link leads to /var/crash in the upper layer",
    remedy="links.repair",
    instruction=REMAKE,
    source=SOURCE,
    follows=("rootraid.mounted", "boot.survives"),
)
def test_crash_link_leads_to_var_crash(rootraid: Rootraid, sysconfig: Sysconfig, kdump: Provider) -> None:
    """Nor must anything be mounted on /var/crash: the dump would lie below it, where nobody sees it."""
    leads_into_the_upper_layer(rootraid, kdump.dump_link(sysconfig), rootraid.upper + "/var/crash")
    expect(
        not rootraid.hidden,
        expected="/var/crash of the upper layer in view, with nothing mounted over it",
        found=f"{rootraid.hidden} hides it" if rootraid.hidden else "nothing over it",
    )


def leads_into_the_upper_layer(rootraid: Rootraid, name: str, place: str) -> None:
    """What is asked of either link."""
    link = rootraid.link(name)
    expect(
        rootraid.upper,
        expected="/run/overlayfs leads to the upper layer",
        found=rootraid.upper or "it does not",
    )
    if link.path == place:
        # KDUMP_SAVEDIR names the upper layer itself: then no link is on the way.
        expect(link.kind == "directory", expected=f"{link.path} is a directory", found=link.description)
        return
    expect(link.is_link, expected=f"{link.path} is a link", found=link.description)
    expect(link.is_relative, expected="a relative link, valid in the capture kernel too", found=link.description)
    stays = link.inside != ""
    expect(
        stays,
        expected="relative links on all of the way, none of them out of ROOTRAID",
        found=link.description + ("" if stays else ", which leads on by an absolute link, or out of ROOTRAID"),
    )
    expect(link.resolved == place, expected=f"it leads to {place}", found=link.resolved or link.description)
