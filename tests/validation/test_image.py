# SPDX-License-Identifier: Apache-2.0
"""Will a node that boots this image dump? Judged on the image itself, before any node has booted it.

What is missing in an image is missing on every node made of it, and is found when the first of them crashes. These
checks are asked of images alone (--image); what they judge on a node, other checks judge by what came of it there.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Boot, Contents, Crashkernel, Fstab, Image, Packages, Sysconfig
from kdumpcheck.facts.lines import size
from kdumpcheck.providers import PROVIDERS, Provider

MEND = "Mend it where the image is made, and build the image anew."
NEEDED = ("kdump", "makedumpfile", "kexec-tools", "dracut-metal-mdsquash")
#: What the capture kernel needs beside kernel and initrd; measured for crashkernel.enough.
WORKING_ROOM = 43 * 2**20
#: What the initrd that kdump builds at the first boot takes at the least, packed and unpacked together: the smallest
#: that the lab's nodes built took 49 MiB.
SMALLEST_INITRD = 40 * 2**20
#: The drivers that ROOTRAID stands on, wherever a node's disks are.
ROOTRAID_DRIVERS = ("raid1", "xfs")


@check(
    "image.packages",
    title="The image has the packages that make a dump",
    judges="image",
    instruction="Install what is missing, once each, with the image's own zypper. " + MEND,
    source="openSUSE/kdump kdump.spec (Requires); metal-provision (dracut-metal-mdsquash)",
)
def test_image_has_the_packages(packages: Packages) -> None:
    """Read from the image's RPM database, which decides, too, which line of kdump it is judged by."""
    counts = {name: len(packages.rpm.get(name, ())) for name in NEEDED}
    wrong = [f"no {name}" if not count else f"{count} of {name}" for name, count in counts.items() if count != 1]
    expect(not wrong, expected=f"one each of {', '.join(NEEDED)}", found=", ".join(wrong) or "one each")
    lines = [provider.title for provider in PROVIDERS.values() if provider.virtual(packages) is True]
    expect(len(lines) == 1, expected="a kdump that kdumpcheck knows", found=", ".join(lines) or "none of them")


@check(
    "image.programs",
    title="The programs of those packages are really in the image",
    judges="image",
    instruction="Reinstall the package that the program is of (makedumpfile, kexec-tools, mdadm, kdump). " + MEND,
    source="openSUSE/kdump dracut/module-setup.sh (what goes into the initrd), init/load.sh",
    follows=("image.packages",),
)
def test_programs_are_in_the_image(image: Image) -> None:
    """A database that names a package says nothing of its files: a clean-up after the build may have taken them."""
    wanted = ("kexec", "makedumpfile", "mdadm", "mkdumprd")
    missing = [name for name in wanted if name not in image.programs]
    expect(not missing, expected=", ".join(wanted), found=f"no {', no '.join(missing)}" if missing else "all of them")


@check(
    "image.kernel",
    title="The image holds exactly one kernel",
    judges="image",
    instruction="Remove the kernels that are not meant (zypper remove kernel-default=VERSION). " + MEND,
    source="metal-provision roles/node_images_ncn/files/tests/common/ncn-common-tests.yml (one kernel-default), "
    "roles/node_images/files/scripts/common/dracut-lib.sh (with two, KVER is of neither)",
)
def test_image_holds_one_kernel(image: Image, packages: Packages) -> None:
    """With two, the vendor's scripts mix their names, and kdump, the boot hook and the boot may each mean another."""
    versions = packages.rpm.get("kernel-default", ())
    expect(len(versions) == 1, expected="one package kernel-default", found=", ".join(versions) or "none")
    releases = ", ".join(image.kernels)
    expect(len(image.kernels) == 1, expected="one kernel image in /boot", found=releases or "none")
    expect(
        image.default is None or image.kernel in image.kernels,
        expected="/boot/vmlinuz leads to it",
        found=f"it leads to /{image.default}"
        if image.default
        else "it leads nowhere"
        if image.default == ""
        else releases,
    )


@check(
    "image.modules",
    title="The modules in the image are those of its kernel",
    judges="image",
    instruction="Install the kernel and its modules from the same package, and run depmod for it. " + MEND,
    source="dracut(8); openSUSE/kdump init/mkdumprd (builds with the modules of the kernel that it is given)",
    follows=("image.kernel",),
)
def test_modules_are_the_kernels(image: Image) -> None:
    """With those of another version, the kdump initrd has no driver for the disk that the dump goes to."""
    release = image.kernel
    state = image.modules.get(release, "not there")
    others = [each for each in image.modules if each != release]
    found = f"/lib/modules/{release}: {state}" + (f" (but {', '.join(others)})" if others else "")
    expect(state == "whole", expected=f"/lib/modules/{release} with its modules.dep", found=found)
    prefer(not others, expected="no modules of other kernels", found=", ".join(others) or "none")


@check(
    "image.symbols",
    title="System.map and vmlinux of the kernel are in the image",
    judges="image",
    severity=Severity.WARN,
    instruction="Keep /boot/System.map-* and /boot/vmlinux-*.gz of the kernel in the image. " + MEND,
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh load_boot_images; crash(8)",
    follows=("image.kernel",),
)
def test_symbols_are_in_the_image(image: Image) -> None:
    """The boot hook copies both to where kdump finds them. The dump is whole without them, but nobody can read it."""
    release = image.kernel
    missing = [name for name in (f"System.map-{release}", f"vmlinux-{release}") if not _has(image, name)]
    expect(
        not missing,
        expected=f"System.map-{release} and vmlinux-{release}",
        found=f"no {', no '.join(missing)}" if missing else "both",
    )


@check(
    "image.hook",
    title="The image brings the boot hook that makes the links on ROOTRAID",
    judges="image",
    instruction="Reinstall dracut-metal-mdsquash 2.1.1 or later. " + MEND,
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh",
    follows=("image.packages",),
)
def test_image_brings_the_boot_hook(image: Image) -> None:
    """Without the links the dump is saved where nobody finds it, or nowhere."""
    expect(image.hooks, expected="metal-kdump.sh in a module of dracut", found=", ".join(image.hooks) or "no such file")


@check(
    "image.savedir",
    title="The boot hook can read KDUMP_SAVEDIR, and makes the right link of it",
    judges="image",
    instruction='Write KDUMP_SAVEDIR="file:///crash" (kdump from 1.9 on: '
    '"file:///run/initramfs/overlayfs/var/crash"), with double quotes and file://. ' + MEND,
    source="dracut-metal-mdsquash 90metalmdsquash/metal-kdump.sh (its grep for KDUMP_SAVEDIR, in the image's own copy)",
    follows=("config.savedir",),
)
def test_boot_hook_reads_the_save_directory(sysconfig: Sysconfig, kdump: Provider) -> None:
    """The hook reads the image's copy at every boot, whatever is mended on a node; unread, it makes no link."""
    written = sysconfig.live.get("KDUMP_SAVEDIR", "")
    expect(
        sysconfig.live_hook,
        expected='KDUMP_SAVEDIR="file:///..."',
        found=f"the hook reads {sysconfig.live_hook}" if sysconfig.live_hook else f"the hook cannot read {written}",
    )
    links = kdump.boot_links(sysconfig, "LiveOS/overlay")
    good = not isinstance(links, str)
    expect(good, expected="a link to /var/crash of the upper layer", found="it makes one" if good else str(links))


@check(
    "image.fstab",
    title="`/` in the image's fstab names ROOTRAID",
    judges="image",
    instruction="Put back `LABEL=ROOTRAID / xfs defaults 0 0`. It looks wrong below an overlay and is meant so. "
    + MEND,
    source="metal-provision 55391c66 (we can't remove `/` from /etc/fstab); openSUSE/kdump kdump_get_mountpoints",
    follows=("image.packages",),
)
def test_fstab_of_the_image_names_rootraid(fstab: Fstab, kdump: Provider) -> None:
    """The initrd is built the first boot and takes the disk from this line; of several, from the last."""
    if not kdump.reads_fstab:
        not_applicable(f"{kdump.title} does not look at it")
    root = fstab.roots[-1] if fstab.roots else None
    named = root is not None and root.device in {"LABEL=ROOTRAID", "/dev/disk/by-label/ROOTRAID"}
    expect(named, expected="LABEL=ROOTRAID for /", found=root.device if root else "no line for /")
    expect(root and root.fstype == "xfs", expected="as xfs", found=root.fstype if root else "no line for /")


@check(
    "image.dracut",
    title="dracut is told nothing that leaves out what ROOTRAID needs",
    judges="image",
    instruction="Take the word out of omit_drivers or omit_dracutmodules, or set use_fstab=yes. " + MEND,
    source="metal-provision roles/node_images_metal/files/dracut.conf.d/00-metal.conf; dracut.conf(5)",
)
def test_dracut_keeps_what_rootraid_needs(image: Image) -> None:
    """The initrd that kdump builds on the node is made by these settings."""
    needed = {"omit_drivers": ("raid1", "md_mod", "xfs"), "omit_dracutmodules": ("mdraid", "kdump", "rootfs-block")}
    harm = [
        f"{file} has {word} in {key}"
        for file, line in image.dracut
        for key, words in needed.items()
        if line.partition("=")[0].rstrip("+") == key
        for word in words
        if word in line.partition("=")[2].strip("\"' ").split()
    ]
    expect(not harm, expected="no driver or module of ROOTRAID left out", found="; ".join(harm) or "none is")


@check(
    "image.stale-initrd",
    title="No kdump initrd of another kernel is baked into the image",
    judges="image",
    instruction="rm -f /boot/initrd-*-kdump /var/lib/kdump/initrd in the image: kdump.service makes one at the first "
    "boot of a node. " + MEND,
    source="metal-provision create-ims-initrd.sh (Purging old kdumps initrd), create-kis-artifacts.sh; CASMREL-1091",
    follows=("image.kernel",),
)
def test_no_stale_initrd_is_baked_in(contents: Contents, image: Image) -> None:
    """One that is newer than its sources is taken for the node's own, and was made for the machine that built it."""
    for path, opened in contents.by_path.items():
        expect(not opened.damage, expected=f"{path}, if there is one, whole", found=opened.damage or "whole")
        others = [release for release in opened.modules if release != image.kernel]
        expect(
            image.kernel in opened.modules and not others,
            expected=f"modules of {image.kernel} in {path}",
            found=", ".join(opened.modules) or "no modules at all",
        )
    baked = ", ".join(contents.by_path)
    prefer(not baked, expected="no kdump initrd: the node builds its own", found=baked or "none")


@check(
    "image.shipped-kernel",
    title="The kernel that ships beside the image is the image's",
    judges="image",
    instruction="Take kernel, initrd and image of one build. " + MEND,
    source="metal-provision create-kis-artifacts.sh; Linux Documentation/arch/x86/boot.rst (kernel_version)",
    follows=("image.kernel",),
)
def test_shipped_kernel_is_the_images(image: Image) -> None:
    """A node that boots another one finds no modules, and kdump no kernel image to load."""
    if image.shipped is None:
        not_applicable("no --kernel was given")
    expect(image.shipped == image.kernel, expected=image.kernel, found=image.shipped or "a file that names no release")


@check(
    "image.shipped-initrd",
    title="The initrd beside the image makes the links, and brings ROOTRAID's drivers",
    judges="image",
    instruction="Build the initrd with dracut-metal-mdsquash, for the image's kernel. " + MEND,
    source="metal-provision create-kis-artifacts.sh; dracut-metal-mdsquash module-setup.sh (inst_hook pre-mount)",
    follows=("image.kernel", "image.hook"),
)
def test_shipped_initrd_makes_the_links(image: Image) -> None:
    """The hook in the image does nothing by itself: what runs at a boot is the copy in this initrd."""
    initrd = image.initrd
    if initrd is None:
        not_applicable("no --initrd was given")
    expect(not initrd.damage, expected="an archive that is whole", found=initrd.damage or "whole")
    hooked = [name for name in initrd.files if "/hooks/" in name and name.endswith("metal-kdump.sh")]
    expect(hooked, expected="metal-kdump.sh among its hooks", found=", ".join(hooked) or "no such hook")
    there = initrd.modules.get(image.kernel, frozenset()) | image.built_in.get(image.kernel, frozenset())
    missing = [name for name in ROOTRAID_DRIVERS if name not in there]
    releases = ", ".join(initrd.modules) or "none"
    expect(
        not missing,
        expected=f"{' and '.join(ROOTRAID_DRIVERS)} of {image.kernel}",
        found=f"no {', no '.join(missing)} (its modules: {releases})" if missing else "both",
    )


@check(
    "image.command-line",
    title="The command line that ships with the image boots it as an NCN",
    judges="image",
    instruction="root=live:LABEL=SQFSRAID rd.live.overlay=LABEL=ROOTRAID, rd.live.dir= one plain name, if any. "
    "It comes from BSS, or from the script.ipxe that is built with the image.",
    source="dracut-metal-mdsquash README; docs-csm background/ncn_kernel.md (rd.live.dir: unset, or $CSM_RELEASE)",
)
def test_command_line_boots_an_ncn(boot: Boot) -> None:
    """The boot hook makes no links without rd.live.overlay, and makes them for the live directory named here."""
    root, overlay, live = (boot.running.last(key) for key in ("root", "rd.live.overlay", "rd.live.dir"))
    expect(root.startswith("live:"), expected="root=live:...", found=f"root={root}" if root else "no root=")
    expect(
        overlay == "LABEL=ROOTRAID",
        expected="rd.live.overlay=LABEL=ROOTRAID",
        found=f"rd.live.overlay={overlay}" if overlay else "no rd.live.overlay=",
    )
    plain = live not in {".", ".."} and "/" not in live
    named = bool(live) or not boot.running.values("rd.live.dir")
    expect(
        plain and named,
        expected="rd.live.dir= one plain name, or not there",
        found=f"rd.live.dir={live}" if named else "it is empty",
    )


@check(
    "image.crash-memory",
    title="The command line that ships with the image reserves enough crash memory",
    judges="image",
    instruction="crashkernel=360M, or crashkernel=512M,high crashkernel=72M,low, in BSS and in what ships here.",
    source="docs-csm background/ncn_kernel.md; csm-hotfixes CASMTRIAGE-7232-kdump; measured for crashkernel.enough",
    follows=("crashkernel.present", "crashkernel.wellformed", "image.kernel"),
)
def test_shipped_crash_memory_is_enough(crashkernel: Crashkernel, image: Image) -> None:
    """A lower bound: no smaller kdump initrd than this was seen. What is really needed, a booted node shows."""
    if any(request.kind == "ranges" for request in crashkernel.requests):
        not_applicable("what a crashkernel= of ranges reserves depends on the node's memory")
    kernel = image.kernels.get(image.kernel, 0)
    least = kernel + SMALLEST_INITRD + WORKING_ROOM
    found = f"{size(crashkernel.asked_for)} ({crashkernel.as_written})"
    expect(crashkernel.asked_for >= least, expected=f"at least {size(least)}", found=found)


def _has(image: Image, name: str) -> bool:
    return any(each in {name, f"{name}.gz", f"{name}.xz"} for each in image.namelists)
