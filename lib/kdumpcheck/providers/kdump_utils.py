# SPDX-License-Identifier: Apache-2.0
"""RHEL's and Fedora's kdump-utils (before RHEL 9.5 and Fedora 39 a part of kexec-tools): kdumpctl and /etc/kdump.conf.

kdumpctl has dracut build an initrd that mounts the dump's own target and saves there by kdump.sh. Its settings are a
copy that lies in the initrd. Of kdumpctl's own commands `status` takes a lock, and `estimate` may rebuild: neither is
run. `kdumpctl rebuild` is what an operator may run at any time: what is loaded stays so.

Source: rhkdump/kdump-utils kdumpctl, kdump-lib.sh prepare_kdump_bootinfo, dracut/99kdumpbase; kdump.conf(5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Final, Literal, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Initrds, Sysconfig
from kdumpcheck.facts.kernels import Kernels
from kdumpcheck.facts.packages import Packages
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.saving import Saving
from kdumpcheck.providers.saving_rhel import RhelSaving

KDUMPCTL: Final = "/usr/bin/kdumpctl"
#: Where the initrd lies: beside the kernel, or here where that place cannot be written to or a UKI was booted.
HOMES: Final = ("/boot", "/var/lib/kdump")
_NO_ROOTRAID: Final = "the dump goes where /etc/kdump.conf says, which kdumpconf.* judge, and not to ROOTRAID"
_NO_SYSCONFIG: Final = "dumps are set by /etc/kdump.conf, which kdumpconf.* judge"
_NO_HOOK: Final = "no boot hook of the vendor's makes or wipes anything here"
_NO_SETTING: Final = "nothing in /etc/kdump.conf is known to be wrong on every node alike"
_NO_NCN: Final = "the image gate knows the images of NCNs alone"

_CHECKS: Final = {
    **dict.fromkeys(
        (
            "rootraid.mounted", "rootraid.healthy", "links.boot", "links.crash", "initrd.target", "initrd.device-name",
            "initrd.savedir", "initrd.drivers", "fstab.root", "dumps.space", "dumps.orphans",
        ),
        _NO_ROOTRAID,
    ),
    **dict.fromkeys(
        ("config.savedir", "config.image", "config.append", "config.hang", "config.format", "config.programs"),
        _NO_SYSCONFIG,
    ),
    **dict.fromkeys(("boot.survives", "boot.grub"), _NO_HOOK),
    **dict.fromkeys(
        (
            "image.packages", "image.programs", "image.kernel", "image.modules", "image.symbols", "image.hook",
            "image.savedir", "image.fstab", "image.dracut", "image.stale-initrd", "image.shipped-kernel",
            "image.shipped-initrd", "image.command-line", "image.crash-memory",
        ),
        _NO_NCN,
    ),
    "dumps.retention": "kdumpctl deletes no dump, neither before nor after a new one is saved",
    "initrd.devices": "the initrd brings the drivers of the target alone (dracut --hostonly-mode strict)",
    "initrd.outdated": "kdumpctl itself compares what goes into its initrd (initrd.fresh, kdumpconf.copy)",
    "initrd.others": "kdumpctl keeps an initrd for each kernel that was booted",
    "kernel.rebooted": "RHEL keeps the kernels before the newest one; kdumpctl loads the one that runs",
    "kernel.debuginfo": "debug information is asked for by the names of SUSE's packages",
    "kernel.selinux": "kdump-utils is made to work with an SELinux that enforces",
    "service.packages": "makedumpfile was a part of kexec-tools once: kdumpconf.collector looks for the program itself",
    "watchdog.quiet": "kdumpctl takes the driver of an armed watchdog into the initrd, and what feeds it",
}  # fmt: skip

_REMEDIES: Final = {
    "config.repair": _NO_SETTING,
    "links.repair": _NO_ROOTRAID,
    "node.reboot": "whether a boot leaves this node's disks alone is not known to kdumpcheck: reboot it by hand",
}

_REBUILD: Final = (
    "kdumpctl rebuild && systemctl restart kdump.service, then see that /sys/kernel/kexec_crash_loaded is 1."
)
_RELOAD: Final = (
    "journalctl -b -u kdump.service tells why it is not; then systemctl restart kdump.service, and see that "
    "/sys/kernel/kexec_crash_loaded is 1."
)
_MEMORY: Final = (
    "kdumpctl reset-crashkernel --kernel=ALL writes RHEL's own default; more is grubby --update-kernel=ALL "
    "--args=crashkernel=512M. Then reboot."
)

_ADVICE: Final = {
    **dict.fromkeys(("crashkernel.present", "crashkernel.wellformed", "crashkernel.enough"), _MEMORY),
    "crashkernel.reserved": "The kernel log says why it refused (dmesg | grep -i crash): kdumpctl reset-crashkernel "
    "--kernel=ALL writes RHEL's own default for as much memory as there is. Then reboot.",
    **dict.fromkeys(
        ("initrd.present", "initrd.readable", "initrd.kernel", "initrd.fresh", "initrd.built-here"), _REBUILD
    ),
    "initrd.tools": "dnf reinstall kdump-utils makedumpfile (before RHEL 9.5: kexec-tools). " + _REBUILD,
    **dict.fromkeys(("service.active", "service.loaded", "initrd.loaded"), _RELOAD),
    "service.enabled": "systemctl enable kdump.service",
    "service.journal": "journalctl -b -u kdump.service tells all of it. Make room, then " + _REBUILD,
    "kernel.kexec": "kernel.kexec_load_disabled=1 is undone by a reboot alone: take it out of /etc/sysctl.d. Under "
    'Secure Boot RHEL\'s signed kernels are loaded all the same (KEXEC_ARGS="-s" in /etc/sysconfig/kdump).',
    "dumps.complete": "Find out why the last crash was not saved to its end (kexec-dmesg.log beside it, its console, "
    "the room on the disk), mend that, and remove the incomplete dump.",
}


def _limits() -> Limits:
    return Limits(
        checks=MappingProxyType(_CHECKS),
        remedies=MappingProxyType(_REMEDIES),
        advice=MappingProxyType(_ADVICE),
    )


@dataclass(frozen=True, slots=True)
class KdumpUtils:
    """The provider for kdump-utils. `home` and `release` are where its initrd lies on a node, and for which kernel."""

    name: str = "kdump_utils"
    title: str = "RHEL's kdump-utils"
    units: tuple[str, ...] = ("kdump.service",)
    capture_files: tuple[str, ...] = (
        "makedumpfile", "kdump.sh", "etc/kdump.conf", "initrd.target.wants/kdump-capture.service"
    )  # fmt: skip
    reads_fstab: bool = False
    keeps_symbols: bool = False
    dump_formats: tuple[str, ...] = ()
    waits_for_ever: bool = False
    saving: Saving = field(default_factory=RhelSaving)
    lister: str = "lsinitrd"
    limits: Limits = field(default_factory=_limits)
    home: str = HOMES[0]
    release: str = ""

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """Fit a node that has the package, or whose kexec-tools brings kdumpctl; SUSE's kdump is a package kdump."""
        if packages.rpm.get("kdump"):
            return f"{self.name}: the RPM package kdump is SUSE's"
        if packages.rpm.get("kdump-utils") or packages.owners.get(KDUMPCTL):
            return True
        return f"{self.name}: no RPM package kdump-utils, and none that brings {KDUMPCTL}"

    def placed(self, evidence: Evidence) -> Self:
        """The same with the place of the initrd on this node: of those for the kernel to load, the one written last.

        That kernel is KDUMP_KERNELVER where it is set; for a debug kernel the plain one where that has an initrd; else
        the running one (kdump-lib.sh _get_kdump_kernel_version, prepare_kdump_bootinfo).
        """
        kernels, initrds, sysconfig = Kernels.parse(evidence), Initrds.parse(evidence), Sysconfig.parse(evidence)
        if isinstance(kernels, Unknown) or isinstance(initrds, Unknown):
            return self
        told = "" if isinstance(sysconfig, Unknown) else sysconfig.live.get("KDUMP_KERNELVER", "")
        plain = kernels.running.removesuffix("+debug").removesuffix("-debug")
        for release in (told,) if told else (plain, kernels.running):
            names = {f"{home}/initramfs-{release}kdump.img" for home in HOMES}
            there = [initrd for initrd in initrds.found if initrd.path in names]
            if there:
                newest = max(there, key=lambda initrd: initrd.mtime)
                home = str(PurePosixPath(newest.path).parent)
                return replace(self, home=home, release="" if release == kernels.running else release)
        return replace(self, release=told)

    def initrd(self, kernel: str) -> str:
        """`/boot/initramfs-<uname -r>kdump.img`, or the same in /var/lib/kdump."""
        return f"{self.home}/initramfs-{self.release or kernel}kdump.img"

    def capture_kernel(self, kernels: Kernels) -> str:
        """The running kernel, unless the node says otherwise."""
        return self.release or kernels.running

    def initrd_sources(self, kernel: str) -> tuple[str, ...]:
        """What kdumpctl compares ages with by itself (check_files_modified); programs are named by the settings."""
        return (
            "/etc/kdump.conf",
            "/etc/kdump/pre.d",
            "/etc/kdump/post.d",
            "/etc/fstab",
            "/usr/sbin/makedumpfile",
            *self.kernel_images(self.release or kernel),
        )

    def kernel_images(self, kernel: str) -> tuple[str, ...]:
        """`/boot/vmlinuz-<release>` (kdump-lib.sh prepare_kdump_kernel)."""
        return (f"/boot/vmlinuz-{kernel}",)

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:
        """`mkdumprd -f`, as kdumpctl calls it, into a directory of ours beside the file in use (kdumpctl rebuild)."""
        release = self.capture_kernel(kernels)
        image = next((path for path in self.kernel_images(release) if path in files), None)
        if image is None:
            return f"/boot holds no image of the kernel {release}: reboot into an installed one"
        directory = f"{self.home}/.kdumpcheck-new"
        initrd = f"{directory}/initramfs-{release}kdump.img"
        return Build(("mkdumprd", "-f", initrd, release), kernel=image, initrd=initrd, directory=directory)

    def saves_to(self, settings: Mapping[str, str]) -> str:  # noqa: ARG002 - as above
        """Nowhere by settings in the words of a shell: the initrd's own kdump.conf says so."""
        return ""

    def dump_link(self, sysconfig: Sysconfig) -> str:  # noqa: ARG002 - as above
        """None is needed; the directory is the node's own."""
        return "/var/crash"

    def boot_links(self, sysconfig: Sysconfig, upper: str) -> Mapping[str, str] | str:  # noqa: ARG002 - as above
        """No boot hook makes any."""
        return _NO_HOOK

    def deletes_first(self, sysconfig: Sysconfig, dumps: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - as above
        """None."""
        return ()


PROVIDER = KdumpUtils()
