# SPDX-License-Identifier: Apache-2.0
"""The cache of booted nodes: disks of a first boot, and states to go on from in seconds.

    lab-<digest>/seed/          disks after the first boot, and the kdump initrd that was built in it
    lab-<digest>/nodes/NAME/    a node with kdump loaded: its memory, and disks on top of the seed's
    lab-<digest>/rootraid.xfs   an empty ROOTRAID for containers

A saved state fits only the image, the hardware and the QEMU it was made with, so all of them are in the digest.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.accel import this_machine
from kdumpcheck.lab.qemu import KVM, PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image import NodeImage
    from kdumpcheck.lab.qemu import Hardware

MEMORY: Final = "memory.zst"
KDUMP_INITRD: Final = "kdump-initrd"
_LAYOUT: Final = "1"


class Store:
    """Where the cache keeps what was made of one image."""

    def __init__(self, cache: Path, image: NodeImage, hardware: Hardware) -> None:
        parts = [_LAYOUT, image.directory.name, image.cmdline("any"), *hardware.arguments(), _qemu_version()]
        if hardware.accel == KVM:
            parts.append(this_machine())  # the guest has seen the processor as it is
        self.root = cache / f"lab-{hashlib.sha256(' '.join(parts).encode()).hexdigest()[:12]}"

    @property
    def seed(self) -> Path:
        """A node after its first boot, switched off."""
        return self.root / "seed"

    @property
    def rootraid(self) -> Path:
        """An empty ROOTRAID, as a file."""
        return self.root / "rootraid.xfs"

    def snapshot(self, name: str) -> Path:
        """A node with kdump loaded, to go on from."""
        return self.root / "nodes" / name

    def keep(self, made: Path, place: Path) -> None:
        """Move what was made into its place, in one step; when somebody else was first, theirs stays."""
        draft = place.with_name(f".{place.name}.{made.parent.name}")
        draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _remove(draft)
        shutil.move(made, draft)
        try:
            draft.rename(place)
        except OSError:  # a directory that is not empty: somebody else's
            if not place.exists():
                raise
            _remove(draft)

    def forget(self) -> None:
        """Throw all of it away."""
        shutil.rmtree(self.root, ignore_errors=True)


def purge(cache: Path) -> None:
    """Throw away every node image, what they are built on, and everything that was made of one."""
    for pattern in ("image-*", "base-*", "lab-*", "accel-*"):
        for path in cache.glob(pattern):
            _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _qemu_version() -> str:
    done = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, timeout=30.0, check=True)
    return done.stdout.splitlines()[0]
