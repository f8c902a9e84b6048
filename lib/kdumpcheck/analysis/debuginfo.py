# SPDX-License-Identifier: Apache-2.0
"""Which debuginfo package belongs to a kernel that died. Pure.

The vendor's page asks for the package of the *running* kernel, by an RPM version that has no `-default` to cut off; the
dump's own release is what counts. A release leaves out the RPM release's last number, but for PTF and TEST kernels
(dracut-lib.sh of metal-provision: 5.3.18-150300.59.87.1 is 5.3.18-150300.59.87-default; a PTF kernel keeps all).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_RELEASE = re.compile(r"(\d[\w.~+]*-[\w.~+]+)-([a-z0-9_]*[a-z][a-z0-9_]*)")
_KEEPS_ALL = re.compile(r"\.(?:TEST|PTF)\.")


@dataclass(frozen=True, slots=True)
class Package:
    """A package to install; `version` is version-release of its RPM."""

    name: str
    version: str
    sure: bool
    """False where only the repository can tell the last number of the version"""

    def __str__(self) -> str:
        """As zypper takes it."""
        return f"{self.name}={self.version}"

    @property
    def how(self) -> str:
        """What an operator does to have it."""
        doubt = "" if self.sure else " (the last number of its version may be another: 'zypper se -s' tells)"
        return f"'kdumpcheck analyze ... --install-debuginfo' gets it{doubt}."


def package_of(release: str, installed: Sequence[str]) -> Package | None:
    """The debuginfo of a kernel release, as in 5.3.18-150300.59.87-default; None where it is no SUSE kernel.

    `installed` are the version-release of the kernel packages that are installed: one of them may be this very kernel.
    """
    found = _RELEASE.fullmatch(release)
    if found is None:
        return None
    version, flavour = found[1], found[2]
    name = f"kernel-{flavour}-debuginfo"
    for each in installed:
        if kernel_of(each) == version:
            return Package(name, each, sure=True)
    if _KEEPS_ALL.search(version):
        return Package(name, version, sure=True)
    return Package(name, f"{version}.1", sure=False)


def kernel_of(rpm: str) -> str:
    """What a kernel RPM's version-release is in `uname -r`, without the flavour."""
    return rpm if _KEEPS_ALL.search(rpm) else rpm.rpartition(".")[0]
