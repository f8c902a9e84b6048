# SPDX-License-Identifier: Apache-2.0
"""Debian's kdump-tools (Debian 12, Ubuntu): the capture kernel boots the node's own root, and saves from there.

Nothing that saves the dump is in its initrd. That only has to mount the root; makedumpfile, kdump-config and the unit
that calls them are those of the node's own file system, at the time of the crash. `kdump-config status` ends with 0
whatever it says, and the unit is green where nothing was loaded (/etc/init.d/kdump-tools), so neither is believed.

Source: Debian kdump-tools 1.8.1: kdump-config, /etc/init.d/kdump-tools, kdump-tools-dump.service, kernel/postinst.d;
and a node of the lab that runs them and was crashed (lab/guest/README.md).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

from kdumpcheck.facts.kernels import Kernels, release_of
from kdumpcheck.facts.packages import Packages
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.saving import Saving
from kdumpcheck.providers.saving_debian import KERNEL_LINK, DebianSaving

_HOME: Final = "/var/lib/kdump"
_HOOK: Final = "/etc/kernel/postinst.d/kdump-tools"
#: In a mount namespace of its own the hook finds a directory of ours where it builds, and so takes no initrd away. What
#: kdump-config would find changed at the next load, and throw the initrd away for, is written down as it does it.
_ELSEWHERE: Final = 'mount --bind "$1" "$2" && { [ ! -e "$5" ] || cp "$5" "$2/latest_sysctls-$4"; } && exec "$3" "$4"'
_SYSCTL: Final = "/etc/kdump/sysctl.conf"
_NO_ROOTRAID: Final = "the dump goes to the node's own root, which the capture kernel boots, and not to ROOTRAID"
_NO_SYSCONFIG: Final = "kdump-tools is set by /etc/default/kdump-tools, which savecore.settings judges"
_NO_HOOK: Final = "no boot hook of the vendor's makes or wipes anything here: the root is on a disk of its own"
_NOT_INSIDE: Final = "what saves the dump is not in the initrd but in the node's own root, which savecore.* judge"
_NO_SETTING: Final = "nothing in /etc/default/kdump-tools is known to be wrong on every node alike"

_CHECKS: Final = {
    **dict.fromkeys(
        (
            "rootraid.mounted", "rootraid.healthy", "links.boot", "links.crash", "initrd.target", "initrd.device-name",
            "initrd.savedir", "fstab.root", "dumps.space", "dumps.orphans",
        ),
        _NO_ROOTRAID,
    ),
    "dumps.retention": "kdump-tools counts by KDUMP_NUM_DUMPS, which savecore.retention judges",
    **dict.fromkeys(
        (
            "config.savedir", "config.image", "config.append", "config.hang", "config.format", "config.programs",
        ),
        _NO_SYSCONFIG,
    ),
    **dict.fromkeys(("boot.survives", "boot.grub"), _NO_HOOK),
    **dict.fromkeys(("initrd.tools", "initrd.drivers", "initrd.devices"), _NOT_INSIDE),
    "initrd.fresh": "kdump-tools compares no ages: it builds an initrd for each kernel, once",
    "initrd.outdated": "kdump-tools compares no ages, and the initrd only mounts the root: savecore.root opens it",
    "initrd.others": "kdump-tools keeps an initrd for each installed kernel",
    "kernel.rebooted": "Debian keeps the kernel before the newest one; kdump-tools loads the one that runs",
    "kernel.debuginfo": "debug information is not asked of dpkg",
    "service.packages": "these are no RPMs: savecore.programs looks for the programs themselves",
    "service.journal": "what kdump-tools writes into the journal is not judged; what came of it is (service.loaded)",
}  # fmt: skip

_REMEDIES: Final = {
    "config.repair": _NO_SETTING,
    "links.repair": _NO_ROOTRAID,
    "node.reboot": "whether a boot leaves this node's disks alone is not known to kdumpcheck: reboot it by hand",
}

_REBUILD: Final = (
    "kdump-config unload; rm /var/lib/kdump/initrd.img-$(uname -r); kdump-config load; then look whether "
    "/sys/kernel/kexec_crash_loaded is 1, for kdump-config and the unit end well where nothing was loaded."
)
_RELOAD: Final = (
    "systemctl restart kdump-tools.service, then look whether /sys/kernel/kexec_crash_loaded is 1: the unit is green "
    "where nothing was loaded. journalctl -b -u kdump-tools.service tells why it was not."
)
_WRITTEN: Final = "crashkernel= in /etc/default/grub.d/kdump-tools.cfg (512M-:192M), update-grub, then reboot."

_ADVICE: Final = {
    **dict.fromkeys(("crashkernel.present", "crashkernel.wellformed"), "Write one size for " + _WRITTEN),
    "crashkernel.reserved": "The kernel log says why it refused (dmesg | grep -i crash): ask for less with " + _WRITTEN,
    "crashkernel.enough": "Raise " + _WRITTEN,
    **dict.fromkeys(("initrd.present", "initrd.readable", "initrd.kernel"), _REBUILD),
    **dict.fromkeys(("service.active", "service.loaded", "initrd.loaded"), _RELOAD),
    "service.enabled": "systemctl enable kdump-tools.service",
    "dumps.complete": "Find out why the last crash was not saved to its end (its console, the room on the disk, "
    "makedumpfile), mend that, and remove the incomplete dump: kdump-config takes the exit status of `makedumpfile | "
    "compress`, so a dump.STAMP need not be whole.",
}


def _limits() -> Limits:
    return Limits(
        checks=MappingProxyType(_CHECKS),
        remedies=MappingProxyType(_REMEDIES),
        advice=MappingProxyType(_ADVICE),
    )


@dataclass(frozen=True, slots=True)
class KdumpTools:
    """The provider for Debian's kdump-tools."""

    name: str = "kdump_tools"
    title: str = "Debian's kdump-tools"
    units: tuple[str, ...] = ("kdump-tools.service",)
    capture_files: tuple[str, ...] = ()
    reads_fstab: bool = False
    keeps_symbols: bool = False
    dump_formats: tuple[str, ...] = ()
    waits_for_ever: bool = False
    saving: Saving = field(default_factory=DebianSaving)
    lister: str = "lsinitramfs"
    limits: Limits = field(default_factory=_limits)

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """Fit a node on which dpkg has kdump-tools installed, and that has no kdump of SUSE's."""
        versions = packages.deb.get("kdump-tools", ())
        return True if versions else f"{self.name}: no Debian package kdump-tools"

    def initrd(self, kernel: str) -> str:
        """`/var/lib/kdump/initrd.img-<uname -r>` (kernel/postinst.d/kdump-tools)."""
        return f"/var/lib/kdump/initrd.img-{kernel}"

    def capture_kernel(self, kernels: Kernels) -> str:
        """The kernel that `/var/lib/kdump/vmlinuz` leads to (kdump-config create_symlink)."""
        return release_of(kernels.links.get(KERNEL_LINK, ""))

    def initrd_sources(self, kernel: str) -> tuple[str, ...]:  # noqa: ARG002 - other implementations need it
        """None: kdump-tools compares no ages."""
        return ()

    def kernel_images(self, kernel: str) -> tuple[str, ...]:
        """`/boot/vmlinuz-<release>`, or vmlinux where that is what the machine boots."""
        return f"/boot/vmlinuz-{kernel}", f"/boot/vmlinux-{kernel}"

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:
        """Its own hook for kernels, with a directory of ours in the place of /var/lib/kdump, for it alone.

        It takes away the initrd of the kernel that it builds for before it begins (kernel/postinst.d/kdump-tools).
        """
        image = next((path for path in self.kernel_images(kernels.running) if path in files), None)
        if image is None:
            return f"/boot holds no image of the running kernel {kernels.running}: reboot into an installed one"
        directory, record = f"{_HOME}/.kdumpcheck-new", f"latest_sysctls-{kernels.running}"
        words = (directory, _HOME, _HOOK, kernels.running, _SYSCTL)
        return Build(
            ("unshare", "--mount", "sh", "-c", _ELSEWHERE, "sh", *words),
            kernel=image,
            initrd=f"{directory}/initrd.img-{kernels.running}",
            link=f"{_HOME}/{record}",
            new_link=f"{directory}/{record}",
            directory=directory,
            # With its record of before, kdump-config would throw the old initrd away when that must be loaded again.
            paired=False,
        )

    def saves_to(self, settings: Mapping[str, str]) -> str:  # noqa: ARG002 - as above
        """Nowhere by its initrd: the node's own settings say so once its root is mounted."""
        return ""

    def dump_link(self, sysconfig: Sysconfig) -> str:  # noqa: ARG002 - as above
        """None is needed; the directory is the node's own."""
        return "/var/crash"

    def boot_links(self, sysconfig: Sysconfig, upper: str) -> Mapping[str, str] | str:  # noqa: ARG002 - as above
        """No boot hook makes any."""
        return _NO_HOOK

    def deletes_first(self, sysconfig: Sysconfig, dumps: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - as above
        """None: what is beyond KDUMP_NUM_DUMPS goes after a new dump was saved, never before."""
        return ()


PROVIDER = KdumpTools()
