# SPDX-License-Identifier: Apache-2.0
"""ROOTRAID of a node that is off, read from one member of its RAID1."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SECTOR: Final = 512
_SUPERBLOCK: Final = 4096
_MAGIC: Final = 0xA92B4EFC
_SECONDS: Final = 120


class DiskError(Exception):
    """A disk cannot be read; the text is one line."""


def data_offset(head: bytes) -> int | None:
    """Where the data of an MD member begins, in bytes, by its superblock 1.2; None where there is none.

    Takes the first 8 KiB of the member (md(4): superblock at 4 KiB, magic 0xa92b4efc, data_offset at 128 in sectors).
    """
    if len(head) < _SUPERBLOCK + 136:
        return None
    magic, major = struct.unpack_from("<II", head, _SUPERBLOCK)
    if (magic, major) != (_MAGIC, 1):
        return None
    (sectors,) = struct.unpack_from("<Q", head, _SUPERBLOCK + 128)
    return int(sectors) * SECTOR if 0 < sectors < 1 << 40 else None


@contextmanager
def root_disk(disk: Path, work: Path) -> Iterator[Path]:
    """The root of a node that has it on a plain disk, as the next boot would find it, mounted. Raises `DiskError`."""
    copy, point = work / "root.raw", work / "root"
    point.mkdir()
    try:
        _run("qemu-img", "convert", "-O", "raw", str(disk), str(copy))
        _run("mount", "-t", "ext4", "-o", "loop", str(copy), str(point))
        try:
            yield point
        finally:
            _run("umount", str(point))
    finally:
        copy.unlink(missing_ok=True)
        point.rmdir()


@contextmanager
def rootraid(member: Path, work: Path) -> Iterator[Path]:
    """The file system of ROOTRAID as the node's next boot would find it, mounted; all traces go afterwards.

    It is a copy, so the log of the file system is replayed as that boot would. Needs root. Raises `DiskError`.
    """
    copy, point = work / "member.raw", work / "rootraid"
    loop = ""
    point.mkdir()
    try:
        _run("qemu-img", "convert", "-O", "raw", str(member), str(copy))
        with copy.open("rb") as stream:
            offset = data_offset(stream.read(8192))
        if offset is None:
            raise DiskError(f"{member}: not a member of an MD array")
        loop = _run("losetup", "--show", "--find", "--offset", str(offset), str(copy)).strip()
        # nouuid: every lab's ROOTRAID comes from the same seed, and two may be looked at at once.
        _run("mount", "-t", "xfs", "-o", "nouuid", loop, str(point))
        try:
            yield point
        finally:
            _run("umount", str(point))
    finally:
        if loop:
            _run("losetup", "--detach", loop)
        copy.unlink(missing_ok=True)
        point.rmdir()


def _run(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise DiskError(f"{argv[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
    return done.stdout
