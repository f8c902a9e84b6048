# SPDX-License-Identifier: Apache-2.0
"""The lab's node image: a small, real system laid out as an NCN, built from Debian packages."""

from __future__ import annotations

from kdumpcheck.lab.image.build import build
from kdumpcheck.lab.image.dialect import DEFAULT_DIALECT, DIALECTS, Dialect, find_dialect
from kdumpcheck.lab.image.errors import ImageError
from kdumpcheck.lab.image.node_image import LIVE_DIRS, NodeImage, open_image
from kdumpcheck.lab.image.shape import (
    CONSOLE,
    CPU,
    DEFAULT_CRASHKERNEL,
    GUEST_ADDRESS,
    MACHINE,
    MEMORY_MIB,
    ROOTRAID_DISK_MIB,
    ROOTRAID_DISKS,
    SMALL_CRASHKERNEL,
)

__all__ = [
    "CONSOLE",
    "CPU",
    "DEFAULT_CRASHKERNEL",
    "DEFAULT_DIALECT",
    "DIALECTS",
    "GUEST_ADDRESS",
    "LIVE_DIRS",
    "MACHINE",
    "MEMORY_MIB",
    "ROOTRAID_DISKS",
    "ROOTRAID_DISK_MIB",
    "SMALL_CRASHKERNEL",
    "Dialect",
    "ImageError",
    "NodeImage",
    "build",
    "find_dialect",
    "open_image",
]
