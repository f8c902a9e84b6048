# SPDX-License-Identifier: Apache-2.0
"""What a layout of dumps is."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Place:
    """Where one kdump saves, as a node is asked for it. All patterns are those of sh(1).

    `shell` defines `find_NAME`, which sets $point (a directory on the file system that is measured; left as it is where
    this layout is not on the node) and $shown (the directory in which people find dumps, without links); and
    `parents_NAME`, which calls its argument with all directories that may hold dumps.
    """

    name: str
    where: str
    """as a report says it: "on ROOTRAID" """
    disk: str
    """what fills it, and how that is looked at: "ROOTRAID (du -x ...)" """
    shell: str
    names: str
    """what the directory of a dump is called"""
    memory: tuple[str, ...]
    """what the vmcore in it is called"""
    logs: tuple[str, ...]
    """what the kernel's log beside it is called"""
    depth: int
    """how many levels below $point a dump may lie"""
    view: str = ""
    """the way by which people, and a removal, go to $shown; "" for $shown itself"""
    readme: bool = False
    """whether a README.txt in each dump says that the save came to its end"""
    hooked: bool = False
    """whether a boot hook lays it out: it makes a link that the capture kernel follows, and wipes when told to"""
    stamp: str = ""
    """date(1)'s format of names that a second crash within the same minute would write over; "" where none does"""

    def names_a_dump(self, name: str) -> bool:
        """Whether the directory of a dump is called so."""
        return fnmatchcase(name, self.names)

    def memory_of(self, names: list[str]) -> str:
        """The vmcore among the files of a dump; "" for none."""
        return next((name for pattern in self.memory for name in names if fnmatchcase(name, pattern)), "")
