# SPDX-License-Identifier: Apache-2.0
"""Small dumps made by hand, after makedumpfile's own description of its formats."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise

RELEASE = "6.4.0-150600.23.17-default"
CRASH_TIME = 1795423836
NODE = "ncn-w001"
INFO = f"OSRELEASE={RELEASE}\nBUILD-ID=0\nPAGESIZE=4096\nCRASHTIME={CRASH_TIME}\n".encode()
BLOCK = 4096


def compressed(pages: int = 5, *, status: int = 1, split: tuple[int, int] | None = None, length: int = 100) -> bytes:
    """A compressed dump: two header blocks, two bitmaps of a block each, descriptors, pages of `length` bytes."""
    head = bytearray(BLOCK)
    head[0:8] = b"KDUMP   "
    struct.pack_into("<i", head, 8, 6)
    head[77 : 77 + len(NODE)] = NODE.encode()
    head[142 : 142 + len(RELEASE)] = RELEASE.encode()
    struct.pack_into("<qq", head, 408, CRASH_TIME, 0)
    struct.pack_into("<IiiI", head, 424, status, BLOCK, 1, 2)
    sub = bytearray(BLOCK)
    first, end = split or (0, 0)
    struct.pack_into("<ii", sub, 8, 31, int(split is not None))
    struct.pack_into("<qQ", sub, 32, BLOCK + 512, len(INFO))
    struct.pack_into("<QQQ", sub, 80, first, end, pages)
    sub[512 : 512 + len(INFO)] = INFO
    bitmap = bytearray(BLOCK)
    for page in range(pages):
        bitmap[page // 8] |= 1 << page % 8
    here = range(*split) if split else range(pages)
    begin = 4 * BLOCK + 24 * len(here)
    descriptors = b"".join(struct.pack("<qIIQ", begin + length * place, length, 1, 0) for place in range(len(here)))
    return bytes(head + sub + bytearray(BLOCK) + bitmap) + descriptors + b"p" * length * len(here)


def flattened(inner: bytes, cuts: Sequence[int] = (BLOCK, 3 * BLOCK)) -> bytes:
    """The same dump in pieces; the last is written twice, as makedumpfile does with an ELF dump's segments."""
    edges = [0, *(cut for cut in cuts if 0 < cut < len(inner)), len(inner)]
    head = (b"makedumpfile\0\0\0\0" + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
    pieces = [(start, inner[start:end]) for start, end in pairwise(edges)]
    pieces.insert(-1, (pieces[-1][0], b"x" * len(pieces[-1][1])))
    written = b"".join(struct.pack(">qq", start, len(data)) + data for start, data in pieces if data)
    return head + written + b"\xff" * 16


def elf(*, flags: int = 0, memory: int = 4 * BLOCK) -> bytes:
    """An ELF core with a note segment and one of memory."""
    note = struct.pack("<III", 11, len(INFO), 0) + b"VMCOREINFO\0\0" + INFO.ljust((len(INFO) + 3) // 4 * 4, b"\0")
    begin = 64 + 2 * 56
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, flags, 64, 56, 2, 64, 0, 0)
    segments = struct.pack("<IIQQQQQQ", 4, 0, begin, 0, 0, len(note), len(note), 0)
    segments += struct.pack("<IIQQQQQQ", 1, 7, begin + len(note), 0, 0, memory, memory, 0)
    return head + segments + note + b"m" * memory
