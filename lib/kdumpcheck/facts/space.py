# SPDX-License-Identifier: Apache-2.0
"""The room where dumps are saved, and how large a dump of this node's memory could be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.dumps import SECTION
from kdumpcheck.facts.lines import pairs, whole_number
from kdumpcheck.probe import Section

#: What MemTotal does not count and a dump holds all the same: the kernel's own image and early allocations.
_KERNEL = 64 * 2**20
#: A page of 4 KiB has a struct page of 64 bytes, and makedumpfile keeps these.
_PAGE_STRUCTS = 64
#: Bits of the dump level (makedumpfile(8)): 2 and 4 leave the page cache out, 8 memory of programs and all huge pages
#: that are set aside (hugetlbfs), 16 free pages.
_CACHE, _USER, _FREE = 2, 8, 16
#: Files of a dump, with its directory, and a few to spare.
INODES_OF_A_DUMP = 8


#: makedumpfile makes kernel memory at least so many times smaller, in any of its compressed formats.
_COMPRESSION = 5
_COMPRESSED = ("", "compressed", "lzo", "snappy", "zstd")
_ALL_MEMORY = "raw"


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes: `whole` is the most a dump could have now, `least` what none is smaller than, `reserve` must stay free."""

    whole: int
    least: int
    reserve: int


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes and inodes free where dumps go (`inodes` None: it has no fixed number), and /proc/meminfo in bytes."""

    sections: ClassVar[tuple[Section, ...]] = (SECTION,)

    free: int
    inodes: int | None
    memory: Mapping[str, int]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read statfs(2) of that file system as `stat -f` shows it, and proc_meminfo(5)."""
        text = evidence.text("dumps")
        if isinstance(text, Unknown):
            return text
        found = pairs(text)
        numbers = {name: whole_number(found.get(name, "")) for name in ("free", "block", "inodes", "inodes_free")}
        free, block = numbers["free"], numbers["block"]
        if free is None or block is None:
            return Unknown("what dumps are saved on is not mounted, or stat -f did not tell its room")
        kib = {key.removeprefix("mem."): whole_number(value) for key, value in found.items() if key.startswith("mem.")}
        memory = {key: value * 1024 for key, value in kib.items() if value is not None}
        if "MemTotal" not in memory or "MemFree" not in memory:
            return Unknown("/proc/meminfo could not be read")
        return cls(free * block, numbers["inodes_free"] if numbers["inodes"] else None, memory)

    def needed(self, settings: Mapping[str, str]) -> Need:
        """The room a dump needs as /etc/sysconfig/kdump is set."""
        form, level = settings.get("KDUMP_DUMPFORMAT", ""), whole_number(settings.get("KDUMP_DUMPLEVEL", "")) or 0
        whole = self.memory["MemTotal"] if form == _ALL_MEMORY else self.largest_dump(min(level, 31))
        least = whole // _COMPRESSION if form in _COMPRESSED else whole
        return Need(whole, least, (whole_number(settings.get("KDUMP_FREE_DISK_SIZE", "")) or 0) * 2**20)

    def largest_dump(self, level: int) -> int:
        """Bytes a dump at this level could have before it is compressed, with memory used as it is now.

        All memory, less what the level leaves out: page cache (bits 2 and 4), anonymous memory of programs and huge
        pages (8), free pages (16); and the kernel's image and page structures, which MemTotal does not count. Zero
        pages (1) are not taken off, and compression is not reckoned with: it is an upper bound of what would be saved
        now.
        """
        total, memory = self.memory["MemTotal"], self.memory
        left = total
        if level & _FREE:
            left -= memory["MemFree"]
        if level & _CACHE:
            left -= memory.get("Cached", 0) + memory.get("Buffers", 0) + memory.get("SwapCached", 0)
        if level & _USER:
            left -= memory.get("AnonPages", 0) + memory.get("Hugetlb", 0)
        return max(left, 0) + total // _PAGE_STRUCTS + _KERNEL
