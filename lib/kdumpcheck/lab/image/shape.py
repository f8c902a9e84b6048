# SPDX-License-Identifier: Apache-2.0
"""The machine the node image was made for and measured in."""

from __future__ import annotations

from typing import Final

MACHINE: Final = "q35"

CPU: Final = "Nehalem"
"""QEMU -cpu model; with ``max`` the guest loads modules so slowly that a boot takes twice as long."""

MEMORY_MIB: Final = 768
"""Memory of the node: enough for the system, the reservation and a dracut run."""

DEFAULT_CRASHKERNEL: Final = "160M"
"""Reservation the capture kernel was seen to dump with; 128M was enough, too."""

DEBIAN_CRASHKERNEL: Final = "384M-:128M"
"""What Debian 12's kdump-tools writes for the boot loader (/etc/default/grub.d/kdump-tools.cfg)."""

RHEL_CRASHKERNEL: Final = "192M"
"""The smallest that RHEL asks for by itself, for nodes of 1 GiB and more; the lab's have less, so it has no range."""

SMALL_CRASHKERNEL: Final = "96M"
"""Reservation that only looks enough: it loads, and after a crash the capture kernel runs out of memory."""

ROOTRAID_DISKS: Final = 2
"""Writable virtio disks, all of one size and blank at first; the node makes ROOTRAID (RAID1) of them."""

ROOTRAID_DISK_MIB: Final = 1024
"""Size of each ROOTRAID disk, to be made sparse."""

ROOT_DISK_MIB: Final = 2048
"""Size of the one disk of a node that is no NCN, to be made sparse."""

GUEST_ADDRESS: Final = "10.0.2.15"
"""Fixed address of the guest on QEMU's user network; forward a host port to port 22 there."""

CONSOLE: Final = "ttyS0,115200"
