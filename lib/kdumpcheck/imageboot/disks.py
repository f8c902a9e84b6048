# SPDX-License-Identifier: Apache-2.0
"""The disks that a node of the image has: its SquashFS on one, a fresh ROOTRAID on two. Made in files, without root."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from uuid import uuid4

from kdumpcheck.imageboot import programs
from kdumpcheck.imageboot.plan import File, plan
from kdumpcheck.imageboot.raid import DATA_OFFSET, PLACE, Array
from kdumpcheck.imageboot.shipped import Shipped

_MIB: Final = 1 << 20
_SLACK_MIB: Final = 64
_WORK: Final = "making"

SQUASHFS_DISK: Final = "squashfs.img"
ROOTRAID_DISKS: Final = ("rootraid0.qcow2", "rootraid1.qcow2")
"""Names of the disks, in the order the node sees them; it writes to the latter two."""


def squashfs_disk(directory: Path, shipped: Shipped, uuid: str) -> None:
    """An ext4 disk with the SquashFS where the command line says. Raises `ImageError`, and `OSError` on a full disk."""
    tree = directory / _WORK
    place = tree / shipped.live_dir
    place.mkdir(parents=True)
    shutil.copyfile(shipped.image, place / shipped.squashfs)
    disk = directory / SQUASHFS_DISK
    size = shipped.image.stat().st_size // _MIB + _SLACK_MIB
    programs.run(
        directory,
        *("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-L", shipped.label, "-U", uuid),
        *("-d", _WORK, disk.name, f"{size}M"),
    )
    shutil.rmtree(tree)


def rootraid(directory: Path, shipped: Shipped, uuid: str, mib: int, upper: tuple[File, ...]) -> None:
    """Two disks with a RAID1 with XFS, as a node has it after its first boot, and in its upper layer these files.

    The upper layer is named after the disk of the SquashFS (`uuid`), as dracut's dmsquash-live names it. Raises
    `ImageError`, and `OSError` on a full disk.
    """
    fresh, words = directory / "rootraid.xfs", directory / "rootraid.plan"
    layer = f"{shipped.live_dir}/overlay-{shipped.label}-{uuid}"
    words.write_text(plan(upper, layer, f"{shipped.live_dir}/ovlwork"), encoding="ascii")
    programs.run(
        directory,
        *("mkfs.xfs", "-q", "-L", shipped.overlay, "-p", words.name, "-d", f"file,name={fresh.name},size={mib}m"),
    )
    array = Array(uuid4(), "any:ROOT", fresh.stat().st_size, (uuid4(), uuid4()))
    for number, disk in enumerate(ROOTRAID_DISKS):
        _member(directory, array, number, fresh, disk)
    for made in (fresh, words):
        made.unlink()


def _member(directory: Path, array: Array, number: int, fresh: Path, on_top: str) -> None:
    """One member: the superblock, and the file system at its place. QEMU writes to a file on top of it."""
    member = directory / f"rootraid{number}.img"
    with member.open("xb") as file, fresh.open("rb") as source:
        file.truncate(DATA_OFFSET + array.data_bytes)
        file.seek(PLACE)
        file.write(array.superblock(number, int(time.time())))
        for start, end in _written(source.fileno(), array.data_bytes):
            source.seek(start)
            file.seek(DATA_OFFSET + start)
            for place in range(start, end, _MIB):
                file.write(source.read(min(_MIB, end - place)))
    programs.run(directory, *("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", member.name, on_top))


def _written(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """The parts of a file that are no holes (lseek(2), SEEK_DATA): a few megabytes of a fresh file system."""
    end = 0
    while end < size:
        try:
            start = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError:  # only a hole is left
            return
        end = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, end
