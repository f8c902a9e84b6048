# SPDX-License-Identifier: Apache-2.0
"""SUSE's kdump from 1.9 on (SLE 15 SP6 and later; CSM 1.6 and later): one initrd in /var/lib/kdump.

It boots the default kernel, which need not be the one that runs, and asks findmnt where the save directory lies: fstab
plays no part, and a directory on the overlay ends in an initrd that tries to mount the overlay.

Source: openSUSE/kdump, branch SLE-15-SP6: NEWS 1.9, init/load.sh, init/mkdumprd, dracut/kdump-save.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Literal

from kdumpcheck.facts.kernels import Kernels, release_of
from kdumpcheck.facts.packages import Packages, release_numbers
from kdumpcheck.facts.rootraid import CANONICAL
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.retention import doomed
from kdumpcheck.providers.savedir import local_path
from kdumpcheck.providers.saving import Saving
from kdumpcheck.providers.saving_suse import SuseSaving
from kdumpcheck.providers.suse_legacy import FIRST_NEW

INITRD = "/var/lib/kdump/initrd"
#: What load.sh hands to kexec; made when the initrd is built.
KERNEL_LINK = "/var/lib/kdump/kernel"
_ELSEWHERE = 'mount --bind "$1" "$2" && exec mkdumprd -f'


@dataclass(frozen=True, slots=True)
class Suse:
    """The provider for kdump >= 1.9."""

    name: str = "suse"
    title: str = "SUSE kdump 1.9 and later"
    units: tuple[str, ...] = ("kdump.service", "kdump-early.service")
    capture_files: tuple[str, ...] = ("makedumpfile", "kdump/kdump-save", "initrd.target.wants/kdump-save.service")
    reads_fstab: bool = False
    keeps_symbols: bool = False
    dump_formats: tuple[str, ...] = ("compressed", "ELF", "lzo", "snappy", "zstd", "raw")
    waits_for_ever: bool = False
    saving: Saving = field(default_factory=SuseSaving)
    lister: str = "lsinitrd"
    limits: Limits = field(default_factory=Limits)

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """Fit a node whose RPM database holds one `kdump` of 1.9 or newer."""
        versions = packages.rpm.get("kdump", ())
        if not versions:
            return f"{self.name}: no RPM package kdump"
        if len(versions) > 1:
            return f"{self.name}: kdump is installed more than once ({', '.join(versions)})"
        if release_numbers(versions[0]) < FIRST_NEW:
            return f"{self.name}: kdump {versions[0]} is of the line before 1.9"
        return True

    def initrd(self, kernel: str) -> str:  # noqa: ARG002 - other implementations need it
        """`/var/lib/kdump/initrd`, whatever the kernel (init/load.sh)."""
        return INITRD

    def capture_kernel(self, kernels: Kernels) -> str:
        """The kernel that `/var/lib/kdump/kernel` leads to (init/load.sh)."""
        return release_of(kernels.links.get(KERNEL_LINK, ""))

    def initrd_sources(self, kernel: str) -> tuple[str, ...]:  # noqa: ARG002 - other implementations need it
        """For a local save directory init/mkdumprd looks at the age of its configuration alone."""
        return ("/etc/sysconfig/kdump",)

    def kernel_images(self, kernel: str) -> tuple[str, ...]:
        """`/boot/vmlinuz-<release>`, on Arm `/boot/Image-<release>`."""
        return f"/boot/vmlinuz-{kernel}", f"/boot/Image-{kernel}"

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:  # noqa: ARG002 - as above
        """`mkdumprd -f` with a directory of our own in the place of /var/lib/kdump, which for it alone is that one.

        This line's mkdumprd writes nowhere else, and dracut writes into the very file that is in use. In a mount
        namespace of its own it does so beside it.
        """
        home = PurePosixPath(INITRD).parent
        directory = home / ".kdumpcheck-new"
        command = ("unshare", "--mount", "sh", "-c", _ELSEWHERE, "sh", str(directory), str(home))
        return Build(
            command,
            kernel=kernels.links.get("/boot/vmlinuz", "") or "the default kernel",
            initrd=str(directory / PurePosixPath(INITRD).name),
            link=KERNEL_LINK,
            new_link=str(directory / PurePosixPath(KERNEL_LINK).name),
            directory=str(directory),
        )

    def saves_to(self, settings: Mapping[str, str]) -> str:
        """Below /kdump/mnt, at the same path as on the node (dracut/kdump-save)."""
        path = local_path(settings)
        return f"/kdump/mnt{path}" if path else ""

    def dump_link(self, sysconfig: Sysconfig) -> str:
        """KDUMP_SAVEDIR's path within ROOTRAID, which the node and the capture kernel mount alike."""
        return local_path(sysconfig.live).removeprefix(CANONICAL) or "/var/crash"

    def boot_links(self, sysconfig: Sysconfig, upper: str) -> Mapping[str, str] | str:
        """The save directory alone, as dracut-metal-mdsquash from 2.5.1 on makes it (metal-kdump.sh)."""
        link = self.dump_link(sysconfig)
        if link != "/var/crash":
            return (
                f"the boot hook leads ROOTRAID{link} to the upper layer's {link}, which is not /var/crash: write "
                f'KDUMP_SAVEDIR="file://{CANONICAL}/var/crash" and rebuild the initrd'
            )
        return {link: f"../{upper}{link}"}

    def deletes_first(self, sysconfig: Sysconfig, dumps: Sequence[str]) -> Sequence[str]:
        """The oldest beyond KDUMP_KEEP_OLD_DUMPS (dracut/kdump-save)."""
        return doomed(sysconfig.live, dumps)


PROVIDER = Suse()
