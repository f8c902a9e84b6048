# SPDX-License-Identifier: Apache-2.0
"""What will the capture kernel do? Its initrd is opened, and what is found in it is held against the node.

This is where a node with a green kdump.service loses its dump: the initrd was built for another disk, for the overlay,
for another kernel, or without the programs and drivers that write the dump.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, could_not_look, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Contents, Devices, Fstab, Kernels, Modules, Reservation, Rootraid, Sysconfig
from kdumpcheck.facts.contents import Opened, module
from kdumpcheck.facts.devices import is_persistent
from kdumpcheck.facts.fstab import read_only
from kdumpcheck.providers import Provider
from kdumpcheck.providers.capture_line import capture_words, left_out, refused
from kdumpcheck.providers.savedir import saves_nothing

REBUILD = (
    "Mend what is named here, then rebuild the initrd (kdumpcheck's recovery, or systemctl restart kdump.service)."
)
OPENED = ("initrd.present", "initrd.readable")
#: Drivers that take more memory than a capture kernel has, or whose devices do not start anew after a crash. The others
#: that the vendor leaves out stand on these: mlx5_ib on mlx5_core; qede, qedf and qedi on qed.
HUNGRY = ("cxi_core", "mlx5_core", "qed", "xhci_hcd")
#: File systems that are gone after the crash, or that the capture kernel cannot have.
IN_MEMORY = ("overlay", "tmpfs", "ramfs", "squashfs", "rootfs")


@check(
    "initrd.target",
    title="The capture kernel will mount ROOTRAID",
    remedy="initrd.rebuild",
    instruction="Before 1.9: `/` in /etc/fstab must name ROOTRAID. From 1.9 on: KDUMP_SAVEDIR must lie below "
    "/run/initramfs/overlayfs. " + REBUILD,
    source="openSUSE/kdump dracut/setup-kdump.functions kdump_get_mountpoints; dracut-metal-mdsquash MTL-2454",
    follows=(*OPENED, "rootraid.mounted"),
)
def test_capture_kernel_mounts_rootraid(
    contents: Contents, devices: Devices, rootraid: Rootraid, kernels: Kernels, kdump: Provider
) -> None:
    opened = the_opened(contents, kernels, kdump)
    path = kdump.saves_to(opened.settings)
    expect(path, expected="a local save directory in the initrd", found=opened.settings.get("KDUMP_SAVEDIR", "none"))
    mount = opened.mount_of(path)
    if mount is None:
        expect(ok=False, expected=f"a disk mounted for {path}", found="nothing in the initrd's fstab")
        return
    expect(
        mount.fstype not in IN_MEMORY,
        expected="a file system on a disk",
        found=f"{mount.device}, which is {mount.fstype}",
    )
    device = devices.resolve(mount.device)
    where = "no device here has this name" if not device else f"which is {device}"
    expect(
        device and device == rootraid.device,
        expected=f"ROOTRAID ({rootraid.device or 'which is not there'})",
        found=f"{mount.device}, {where}",
    )
    expect(
        not devices.fstype or mount.fstype in {"auto", devices.fstype},
        expected=f"as {devices.fstype or 'a file system that is on it'}",
        found=f"{mount.device} as {mount.fstype}",
    )
    expect(
        not read_only(mount.options),
        expected="it is mounted for writing",
        found=",".join(mount.options) or "no options",
    )


@check(
    "initrd.device-name",
    title="The capture kernel finds the disk by a name that stays",
    severity=Severity.WARN,
    remedy="initrd.rebuild",
    instruction="Name the disk by LABEL= or UUID= in /etc/fstab. " + REBUILD,
    source="openSUSE/kdump bsc#1101149, bsc#1217617: disks are numbered anew at every boot",
    follows=(*OPENED, "initrd.target"),
)
def test_capture_kernel_names_the_disk_persistently(contents: Contents, kernels: Kernels, kdump: Provider) -> None:
    opened = the_opened(contents, kernels, kdump)
    mount = opened.mount_of(kdump.saves_to(opened.settings))
    if mount is None:
        not_applicable("the initrd mounts nothing for the dump")
    expect(is_persistent(mount.device), expected="a label, a UUID or a link of udev's", found=mount.device)


@check(
    "initrd.savedir",
    title="The capture kernel saves where /var/crash shows it",
    remedy="initrd.rebuild",
    instruction=REBUILD,
    source="openSUSE/kdump dracut/module-setup.sh (KDUMP_SAVEDIR is rewritten into the initrd)",
    follows=(*OPENED, "initrd.target"),
)
def test_capture_kernel_saves_where_it_is_told(
    contents: Contents, sysconfig: Sysconfig, kernels: Kernels, kdump: Provider
) -> None:
    """Where the link at that place leads is judged in test_rootraid.py."""
    opened = the_opened(contents, kernels, kdump)
    path = kdump.saves_to(opened.settings)
    mount = opened.mount_of(path)
    if mount is None:
        not_applicable("the initrd mounts nothing for the dump")
    inside = path.removeprefix(mount.point.rstrip("/")) or "/"
    configured = kdump.dump_link(sysconfig)
    expect(inside == configured, expected=f"{configured} on ROOTRAID", found=f"{inside} on {mount.device}")


@check(
    "initrd.kernel",
    title="The initrd is for the kernel that a crash boots",
    remedy="initrd.rebuild",
    instruction="A kernel was updated: reboot into it. " + REBUILD,
    source="openSUSE/kdump kdumptool/findkernel.cc, init/load.sh; docs-csm background/ncn_kdump.md",
    follows=OPENED,
)
def test_initrd_is_for_the_capture_kernel(
    contents: Contents, kernels: Kernels, reservation: Reservation, kdump: Provider
) -> None:
    opened = the_opened(contents, kernels, kdump)
    release = kdump.capture_kernel(kernels)
    if not release and reservation.loaded:
        could_not_look("the link to the capture kernel leads nowhere: with which one the initrd was loaded is not told")
    expect(release, expected="a kernel for the crash", found=release or "its link leads nowhere")
    inside = ", ".join(sorted(opened.modules)) or "no modules at all"
    expect(release in opened.modules, expected=f"modules of {release}", found=inside)


@check(
    "initrd.tools",
    title="The initrd holds the programs that save the dump, and settings that do",
    remedy="initrd.rebuild",
    instruction="Reinstall kdump and makedumpfile when they are missing on the node too. " + REBUILD,
    source="openSUSE/kdump dracut/module-setup.sh; bsc#1172670 (kdump-save.service never started)",
    follows=(*OPENED, "config.format"),
)
def test_initrd_holds_the_programs(contents: Contents, rootraid: Rootraid, kernels: Kernels, kdump: Provider) -> None:
    """A /etc/sysconfig/kdump that is put back with its old age is not taken over: kdump goes by the age alone."""
    opened = the_opened(contents, kernels, kdump)
    assembler = ("mdadm",) if rootraid.device.startswith("/dev/md") else ()
    wanted = (*kdump.capture_files, *assembler)
    missing = [f"{name} (empty)" if opened.has(name) else name for name in wanted if not opened.has_whole(name)]
    found = f"without {', '.join(missing)}" if missing else "all of them"
    expect(not missing, expected=", ".join(wanted), found=found)
    problem = saves_nothing(opened.settings)
    expect(not problem, expected="settings in it that save memory", found=problem or "so they are")


@check(
    "initrd.drivers",
    title="The initrd brings the drivers for ROOTRAID",
    remedy="initrd.rebuild",
    instruction="Look in /etc/dracut.conf.d for what leaves them out (omit_drivers, hostonly), and take their names "
    "out of module_blacklist= in KDUMP_COMMANDLINE_APPEND. " + REBUILD,
    source="metal-provision roles/node_images_metal/files/dracut.conf.d/00-metal.conf; Linux ABI sysfs-module; "
    "Linux Documentation/admin-guide/kernel-parameters.txt (module_blacklist); dracut.cmdline(7) (rd.md)",
    follows=(*OPENED, "initrd.kernel", "rootraid.mounted"),
)
def test_initrd_brings_the_drivers(
    contents: Contents,
    devices: Devices,
    rootraid: Rootraid,
    sysconfig: Sysconfig,
    boot: Boot,
    kernels: Kernels,
    kdump: Provider,
) -> None:
    """Those that the running node uses for the disks, the RAID and the file system, unless built into the kernel.

    One that is there and that module_blacklist= names is refused by the capture kernel all the same; and with rd.md=0
    dracut puts no array together.
    """
    opened = the_opened(contents, kernels, kdump)
    release = kdump.capture_kernel(kernels) or not_applicable("for which kernel they must be is not told")
    there = opened.modules.get(release, frozenset())
    missing = [name for name in devices.drivers if module(name) not in there]
    expect(
        not missing,
        expected=f"{', '.join(devices.drivers) or 'nothing: all of it is built in'}",
        found=f"without {', '.join(missing)}" if missing else "all of them",
    )
    words = capture_words(sysconfig.live, boot.running)
    out = [name for name in devices.drivers if module(name) in refused(words)]
    expect(
        not out,
        expected="none of them in module_blacklist= on the capture kernel's command line",
        found=f"module_blacklist= keeps {', '.join(out)} out" if out else "none",
    )
    assembled = not words.has("rd.md") or words.switched_on("rd.md") or not rootraid.device.startswith("/dev/md")
    expect(assembled, expected="arrays put together", found="they are" if assembled else "rd.md=0: no array is")
    passed_over = [name for name in devices.drivers if module(name) in left_out(words)]
    prefer(
        not passed_over,
        expected="none of them in modprobe.blacklist= or rd.driver.blacklist=",
        found=f"udev leaves {', '.join(passed_over)} out" if passed_over else "none",
    )


@check(
    "initrd.devices",
    title="The capture kernel leaves devices alone that would cost it its memory",
    severity=Severity.WARN,
    instruction="Name the drivers in module_blacklist= in KDUMP_COMMANDLINE_APPEND, and have reset_devices on the "
    "capture kernel's command line (kdump adds it unless KDUMP_COMMANDLINE is set); then systemctl restart "
    "kdump.service. Prove by a test crash that a dump is saved: what a device does after a crash shows only then.",
    source="metal-provision group_vars/all.yml (module_blacklist); csm-hotfixes CASMTRIAGE-7232-kdump; docs-csm "
    "311-NCN-KDUMP.md (out of memory); Linux Documentation/admin-guide/kernel-parameters.txt (reset_devices)",
    follows=(*OPENED, "initrd.kernel", "config.append"),
)
def test_capture_kernel_leaves_big_devices_alone(
    contents: Contents, modules: Modules, sysconfig: Sysconfig, boot: Boot, kernels: Kernels, kdump: Provider
) -> None:
    """A driver counts that the node's devices asked for, that is in the initrd, and that nothing keeps out."""
    inside = the_opened(contents, kernels, kdump).modules.get(kdump.capture_kernel(kernels), frozenset())
    words = capture_words(sysconfig.live, boot.running)
    loads = [name for name in HUNGRY if name in modules.loaded & inside - left_out(words)]
    expect(
        not loads,
        expected=f"no {', '.join(HUNGRY)} in the capture kernel",
        found=f"it loads {', '.join(loads)}" if loads else "it loads none of them",
    )
    own_line = sysconfig.live.get("KDUMP_COMMANDLINE", "")
    expect(
        not own_line or "reset_devices" in words.words,
        expected="reset_devices: drivers reset what the crashed kernel left running",
        found=f"KDUMP_COMMANDLINE is {own_line}" if own_line else "kdump adds it",
    )


@check(
    "fstab.root",
    title="`/` in /etc/fstab names ROOTRAID",
    severity=Severity.WARN,
    instruction="Put back `LABEL=ROOTRAID / xfs defaults 0 0`. It looks wrong below an overlay and is meant so: kdump "
    "before 1.9 takes the disk from it when it next builds its initrd.",
    source="metal-provision 55391c66 (we can't remove `/` from /etc/fstab); openSUSE/kdump kdump_get_mountpoints",
    follows=("rootraid.mounted",),
)
def test_fstab_names_rootraid_as_the_root(fstab: Fstab, devices: Devices, rootraid: Rootraid, kdump: Provider) -> None:
    """The initrd that is there may still be right; the next one would not be."""
    if not kdump.reads_fstab:
        not_applicable(f"{kdump.title} does not look at it")
    # Of several lines for one place, kdump takes the last.
    root = fstab.roots[-1] if fstab.roots else None
    if root is None:
        expect(ok=False, expected="a line for /", found="none: kdump would take the overlay for its disk")
        return
    device = devices.resolve(root.device)
    expect(
        device and device == rootraid.device,
        expected=f"ROOTRAID ({rootraid.device})",
        found=f"{root.device}, " + (f"which is {device}" if device else "no device here has this name"),
    )
    # The line is copied into the initrd as it stands.
    expect(
        (not devices.fstype or root.fstype in {"auto", devices.fstype}) and not read_only(root.options),
        expected=f"{devices.fstype or 'the file system that is on it'}, and not ro",
        found=f"{root.fstype} {','.join(root.options)}",
    )


def the_opened(contents: Contents, kernels: Kernels, kdump: Provider) -> Opened:
    """The initrd a crash boots with, opened; where there is none, initrd.present says so and nothing else."""
    path = kdump.initrd(kernels.running)
    opened = contents.get(path) or not_applicable(f"there is no {path} to open")
    if opened.packed:
        could_not_look(f"all of {path} lies in {opened.packed} inside it, which nothing on the node can read there")
    return opened
