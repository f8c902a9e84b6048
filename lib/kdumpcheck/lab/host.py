# SPDX-License-Identifier: Apache-2.0
"""What the machine that runs the lab must have."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Program and the Debian package that brings it.
FOR_BMC: Final = {"ipmi_sim": "openipmi", "ipmitool": "ipmitool"}
FOR_SSH: Final = {"ssh": "openssh-client"}
FOR_VMS: Final = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "zstd": "zstd",
    **FOR_SSH,
    **FOR_BMC,
}
FOR_CONTAINERS: Final = {
    "systemd-nspawn": "systemd-container",
    "mkfs.xfs": "xfsprogs",
    "xfs_admin": "xfsprogs",
    "losetup": "mount",
    "mount": "mount",
    "unshare": "util-linux",
    **FOR_SSH,
    **FOR_BMC,
}


def require_tools(programs: Mapping[str, str]) -> None:
    """Raise `LabError` with the line to install them by, unless all programs are there."""
    missing = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise LabError(f"the lab needs {', '.join(sorted(missing))}: apt-get install {packages}")


def require_root(purpose: str) -> None:
    """Raise `LabError` unless we are root."""
    if os.geteuid() != 0:
        raise LabError(f"{purpose} needs root; run the same command with sudo")
