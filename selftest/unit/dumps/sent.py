# SPDX-License-Identifier: Apache-2.0
"""What a node sends of a dump for a first look, as the probe's shell picks it; and dumps of every form to try it on."""

from __future__ import annotations

import struct
from collections.abc import Callable

from selftest.unit.dumps.made import BLOCK, compressed, elf, flattened

from kdumpcheck.dumps.glance import Glance, glance

#: As many pages as a first look sees the last of, and more.
MADE: dict[str, Callable[[], bytes]] = {
    "few pages": compressed,
    "many pages": lambda: compressed(1000),
    "with zeros": lambda: zeros(1000, [0, 500, 998]),
    "flattened": lambda: flattened(compressed(1000)),
    "part": lambda: compressed(1000, split=(100, 900)),
    "empty part": lambda: compressed(16, split=(16, 16)),
    "ELF": elf,
    "flattened ELF": lambda: flattened(elf()),
}


def zeros(pages: int, which: list[int]) -> bytes:
    """A dump as makedumpfile makes it at odd levels: a page of zeros before all others, for all that are zero."""
    data = bytearray(compressed(pages, length=100))
    table, begin = 4 * BLOCK, 4 * BLOCK + 24 * pages
    place = begin + BLOCK
    for number in range(pages):
        words = (begin, BLOCK, 0, 0) if number in which else (place, 100, 1, 0)
        struct.pack_into("<qIIQ", data, table + 24 * number, *words)
        place += 0 if number in which else 100
    return bytes(data[:begin]) + b"\0" * BLOCK + b"p" * (place - begin - BLOCK)


def seen(data: bytes) -> Glance:
    """What is seen of a dump by the stretches that a node sends."""
    stretches = {0: data[:512]}

    def add(place: int, length: int) -> None:
        if 0 <= place < len(data):
            stretches[place] = data[place : place + length]

    if data.startswith(b"makedumpfile"):
        add(0, 32)
        place = 4096
        for _ in range(8):
            add(place, 480)
            place += 16 + struct.unpack_from(">q", data[place : place + 16].ljust(16, b"\0"), 8)[0]
            if not 4096 < place < len(data):
                break
        add(max(0, len(data) - 32), 32)
    elif data.startswith(b"KDUMP") and len(data) >= 464:
        block, sub, bitmaps = struct.unpack_from("<iiI", data, 428)
        add(block, 104)
        table = (1 + sub + bitmaps) * block
        add(table, 24)
        if 0 < table <= len(data) - 24 and block:
            (first,) = struct.unpack_from("<q", data, table)
            end = first if (first - table) % 24 == 0 else first - block
            begin = max(table, end - 4080)
            if end > begin:
                add(begin, end - begin)
    elif data.startswith(b"\x7fELF"):
        add(0, 4096)
    return glance(len(data), stretches)
