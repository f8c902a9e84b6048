# SPDX-License-Identifier: Apache-2.0
"""What every provider tells: one kdump implementation's units, files and links."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol, runtime_checkable

from kdumpcheck.evidence import Evidence
from kdumpcheck.facts.kernels import Kernels
from kdumpcheck.facts.packages import Packages
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.providers.build import Build
from kdumpcheck.providers.limits import Limits
from kdumpcheck.providers.saving import Saving


class Provider(Protocol):
    """One kdump implementation. Checks and remedies ask it instead of asking which distribution this is."""

    @property
    def name(self) -> str:
        """The provider's stable name, as in `suse_legacy`."""

    @property
    def title(self) -> str:
        """The implementation in words for a report."""

    @property
    def units(self) -> tuple[str, ...]:
        """The units that must be enabled, the one that loads the capture kernel first."""

    @property
    def capture_files(self) -> tuple[str, ...]:
        """Ends of the paths of what must be inside the initrd for a dump to be written."""

    @property
    def reads_fstab(self) -> bool:
        """Whether `/` in the node's fstab says where the next initrd will save."""

    @property
    def keeps_symbols(self) -> bool:
        """Whether a dump has its kernel's image and System.map beside it."""

    @property
    def dump_formats(self) -> tuple[str, ...]:
        """Values of KDUMP_DUMPFORMAT that save memory."""

    @property
    def waits_for_ever(self) -> bool:
        """Whether the capture kernel waits for its disk without end unless `rd.timeout=` is on its command line."""

    @property
    def saving(self) -> Saving:
        """Where it saves, by which settings, and which earlier dumps that costs."""

    @property
    def lister(self) -> str:
        """The program that lists an initrd of its from end to end, and fails where that is not possible."""

    @property
    def limits(self) -> Limits:
        """What of the catalogue does not fit this implementation; `Limits()` where all of it does."""

    def virtual(self, packages: Packages) -> Literal[True] | str:
        """True when this is the implementation installed on the node, else why it is not."""

    def initrd(self, kernel: str) -> str:
        """Path of the initrd that the capture kernel for `kernel` (uname -r) boots with."""

    def capture_kernel(self, kernels: Kernels) -> str:
        """Release of the kernel that a crash boots ("" when there is none)."""

    def initrd_sources(self, kernel: str) -> tuple[str, ...]:
        """Paths that the initrd must be newer than, where they exist."""

    def kernel_images(self, kernel: str) -> tuple[str, ...]:
        """Paths at which the image of `kernel` may be; the first that exists is the one."""

    def build(self, kernels: Kernels, files: Collection[str]) -> Build | str:
        """How a new initrd is built beside the one in use; else why not. `files` are those known to be there."""

    def saves_to(self, settings: Mapping[str, str]) -> str:
        """Path in the capture kernel's own tree where dumps go, by the settings inside the initrd ("" for none)."""

    def dump_link(self, sysconfig: Sysconfig) -> str:
        """Path on ROOTRAID ("/crash") where the capture kernel will look for the save directory."""

    def boot_links(self, sysconfig: Sysconfig, upper: str) -> Mapping[str, str] | str:
        """The links that the boot hook makes on ROOTRAID and kdump follows, with their targets; else why it makes none.

        `upper` is the upper layer's path within ROOTRAID.
        """

    def deletes_first(self, sysconfig: Sysconfig, dumps: Sequence[str]) -> Sequence[str]:
        """Which of the dumps there are (names, oldest first) go before a new one is saved."""


@runtime_checkable
class Placed(Protocol):
    """A provider whose initrd does not lie at the same place on every node. It need not be asked for."""

    def placed(self, evidence: Evidence) -> Provider:
        """The same provider, with the places of one node."""
