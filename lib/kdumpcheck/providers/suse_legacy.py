# SPDX-License-Identifier: Apache-2.0
"""SUSE's kdump before 1.9 (SLE 15 SP3 to SP5; CSM 1.3 to 1.5): an initrd per kernel in /boot.

Source: openSUSE/kdump, branches SLE-15-SP4 and SLE-15-SP5: init/load.sh, init/mkdumprd, kdumptool/.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Literal, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.kernels import Kernels
from kdumpcheck.facts.packages import Packages, release_numbers
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.retention import doomed
from kdumpcheck.providers.savedir import local_path
from kdumpcheck.providers.saving import Saving
from kdumpcheck.providers.saving_suse import SuseSaving

#: From here on kdump keeps one initrd in /var/lib/kdump and reads no fstab.
FIRST_NEW = (1, 9)


@dataclass(frozen=True, slots=True)
class SuseLegacy:
    """The provider for kdump < 1.9. `release` is the kernel that KDUMP_KERNELVER names, "" for none but the running."""

    name: str = "suse_legacy"
    title: str = "SUSE kdump before 1.9"
    units: tuple[str, ...] = ("kdump.service", "kdump-early.service")
    capture_files: tuple[str, ...] = ("makedumpfile", "kdump/kdump-save", "initrd.target.wants/kdump-save.service")
    reads_fstab: bool = True
    keeps_symbols: bool = True
    dump_formats: tuple[str, ...] = ("compressed", "ELF", "lzo", "snappy")
    #: dracut/device-timeout-generator.c writes JobTimeoutSec=0 for every device of the dump target.
    waits_for_ever: bool = True
    saving: Saving = field(default_factory=SuseSaving)
    lister: str = "lsinitrd"
    limits: Limits = field(default_factory=Limits)
    release: str = ""

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """Fit a node whose RPM database holds one `kdump` older than 1.9."""
        versions = packages.rpm.get("kdump", ())
        if not versions:
            return f"{self.name}: no RPM package kdump"
        if len(versions) > 1:
            return f"{self.name}: kdump is installed more than once ({', '.join(versions)})"
        if release_numbers(versions[0]) >= FIRST_NEW:
            return f"{self.name}: kdump {versions[0]} is of the line from 1.9 on"
        return True

    def placed(self, evidence: Evidence) -> Self:
        """The same for the kernel that KDUMP_KERNELVER names on this node (kdumptool/findkernel.cc)."""
        sysconfig = Sysconfig.parse(evidence)
        named = "" if isinstance(sysconfig, Unknown) else sysconfig.live.get("KDUMP_KERNELVER", "")
        return replace(self, release=named) if named else self

    def initrd(self, kernel: str) -> str:
        """`/boot/initrd-<uname -r>-kdump`, or that of KDUMP_KERNELVER (kdumptool/kernelpath.cc)."""
        return f"/boot/initrd-{self.release or kernel}-kdump"

    def capture_kernel(self, kernels: Kernels) -> str:
        """The running kernel, unless another one is named (kdumptool/findkernel.cc)."""
        return self.release or kernels.running

    def initrd_sources(self, kernel: str) -> tuple[str, ...]:
        """What init/mkdumprd compares ages with; it rebuilds unless each is older than the initrd."""
        return (
            "/etc/sysconfig/kdump",
            "/etc/hosts",
            "/etc/nsswitch.conf",
            "/root/.ssh/id_dsa",
            "/root/.ssh/id_dsa.pub",
            *self.kernel_images(self.release or kernel),
        )

    def kernel_images(self, kernel: str) -> tuple[str, ...]:
        """`/boot/vmlinuz-<uname -r>`, on Arm `/boot/Image-<uname -r>` (kdumptool/kernelpath.cc)."""
        return f"/boot/vmlinuz-{kernel}", f"/boot/Image-{kernel}"

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:
        """`mkdumprd -f -K IMAGE -I INITRD`, as the node image's own pipeline calls it (create-kis-artifacts.sh)."""
        release = self.capture_kernel(kernels)
        image = next((path for path in self.kernel_images(release) if path in files), None)
        if image is None and self.release:
            return f"/boot holds no image of the kernel {release}, which KDUMP_KERNELVER names: empty that setting"
        if image is None:
            return f"/boot holds no image of the running kernel {release}: reboot into an installed one"
        place = PurePosixPath(self.initrd(kernels.running))
        new = str(place.with_name(f".{place.name}.kdumpcheck-new"))
        return Build(("mkdumprd", "-f", "-K", image, "-I", new), image, new)

    def saves_to(self, settings: Mapping[str, str]) -> str:
        """Below /kdump, where it is mounted; the initrd's own KDUMP_SAVEDIR begins with the mount ("/mnt0/crash")."""
        path = local_path(settings)
        return f"/kdump{path}" if path else ""

    def dump_link(self, sysconfig: Sysconfig) -> str:
        """KDUMP_SAVEDIR's path: kdump mounts ROOTRAID as the root and follows it from there."""
        return local_path(sysconfig.live) or "/crash"

    def boot_links(self, sysconfig: Sysconfig, upper: str) -> Mapping[str, str] | str:
        """`boot` and the save directory, as dracut-metal-mdsquash before 2.5.1 makes them (metal-kdump.sh)."""
        link = self.dump_link(sysconfig)
        if link.count("/") != 1:
            return (
                f"no link at ROOTRAID{link} can be made as the boot hook makes it: KDUMP_SAVEDIR must name a directory "
                'below /, as in KDUMP_SAVEDIR="file:///crash"'
            )
        return {"/boot": f"./{upper}/boot", link: f"./{upper}/var/crash"}

    def deletes_first(self, sysconfig: Sysconfig, dumps: Sequence[str]) -> Sequence[str]:
        """The oldest beyond KDUMP_KEEP_OLD_DUMPS (kdumptool/deletedumps.cc)."""
        return doomed(sysconfig.live, dumps)


PROVIDER = SuseLegacy()
