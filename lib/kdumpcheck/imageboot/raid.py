# SPDX-License-Identifier: Apache-2.0
"""Superblocks of a whole MD RAID1, written into files: mdadm would need root and a block device for that.

The format is version 1.2 of struct mdp_superblock_1 in the kernel's include/uapi/linux/raid/md_p.h; md(4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final
from uuid import UUID

SECTOR: Final = 512
DATA_OFFSET: Final = 1 << 20
"""Where the file system begins in a member, in bytes."""

PLACE: Final = 4096
"""Where the superblock of version 1.2 begins in a member, in bytes."""

_MAGIC: Final = 0xA92B4EFC
_LEVEL: Final = 1
_CLEAN: Final = (1 << 64) - 1
"""Up to where all members are equal: to the end (MaxSector)."""
_SPARE: Final = 0xFFFF
_ROLES: Final = 128
_CHECKSUM_AT: Final = 216


@dataclass(frozen=True, slots=True)
class Array:
    """A RAID1 as its members know it."""

    uuid: UUID
    name: str
    """at most 32 bytes; what follows "any:" is the array's on every host"""
    data_bytes: int
    """what it holds, a multiple of 512"""
    members: tuple[UUID, ...]

    def superblock(self, number: int, now: int) -> bytes:
        """The superblock of one member, counted from 0; `now` in seconds since 1970."""
        sectors = self.data_bytes // SECTOR
        fixed = struct.pack(
            "<IIII16s32sQIIQIII",
            _MAGIC,
            1,  # major version
            0,  # no feature: neither bitmap nor reshape
            0,
            self.uuid.bytes,
            self.name.encode("ascii"),
            now,
            _LEVEL,
            0,  # layout
            sectors,
            0,  # chunk size: RAID1 has none
            len(self.members),
            0,  # no bitmap
        ).ljust(128, b"\0")  # no reshape
        device = struct.pack(
            "<QQQQII16sBBHI",
            DATA_OFFSET // SECTOR,
            sectors,
            PLACE // SECTOR,
            0,  # nothing to recover
            number,
            0,
            self.members[number].bytes,
            0,
            0,
            0,
            0,  # no list of bad blocks
        )
        roles = [*range(len(self.members)), *[_SPARE] * (_ROLES - len(self.members))]
        state = struct.pack("<QQQII32x", now, 1, _CLEAN, 0, _ROLES)
        block = fixed + device + state + struct.pack(f"<{_ROLES}H", *roles)
        return block[:_CHECKSUM_AT] + struct.pack("<I", checksum(block)) + block[_CHECKSUM_AT + 4 :]


def checksum(block: bytes) -> int:
    """The sum of all words, its own left out, folded once (calc_sb_1_csum in drivers/md/md.c)."""
    words: tuple[int, ...] = struct.unpack(f"<{len(block) // 4}I", block)
    total = sum(words) - words[_CHECKSUM_AT // 4]
    return ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF
