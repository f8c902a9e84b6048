# SPDX-License-Identifier: Apache-2.0
"""The dumps of a node, wherever they lie: as a listing tells, and a first look into the newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.dumps.verdict import Problem
from kdumpcheck.evidence import CouldNotLook, Evidence, Unknown
from kdumpcheck.facts import vmcores
from kdumpcheck.facts.lines import pairs, rows, whole_number
from kdumpcheck.facts.mounted import FIND_PLACE
from kdumpcheck.places import named
from kdumpcheck.probe import Section

# Links are passed over: where they lead is looked at under its own name.
_SCRIPT = (
    FIND_PLACE
    + r"""
find_place
[ -n "$point" ] || exit 0
stat -f -c 'free=%a
block=%S
inodes=%c
inodes_free=%d' "$point"
sed -n 's/^\(Mem\(Total\|Free\)\|Buffers\|\(Swap\)\{0,1\}Cached\|AnonPages\|Hugetlb\): *\([0-9]*\) kB$/mem.\1=\4/p' \
    /proc/meminfo
printf 'layout=%s\nshown=%s\n' "$layout" "$shown"
# shellcheck disable=SC2317  # called by its name
look_in() {
    for parent in "$@"; do
        if [ ! -d "$parent" ] || [ -L "$parent" ]; then continue; fi
        # The names sort by time; the newest 50 are enough to judge by, and the sum is told of all.
        set --
        for dump in "$parent"/$day; do
            [ -d "$dump" ] && [ ! -L "$dump" ] && set -- "$@" "$dump"
        done
        printf 'place\t%s\t%s\n' "$parent" "$#"
        [ "$#" -le 50 ] || shift $(($# - 50))
        [ "$#" -gt 0 ] || continue
        printf 'dump\t%s\n' "$@"
        for dump in "$@"; do
            set -- "$@" "$dump"/*
            shift
        done
        stat -c 'file	%n	%s' "$@" 2>/dev/null | head -n 1000
        for file in "$@"; do
            case $file in */README.txt) set -- "$@" "$file" ;; esac
            shift
        done
        [ "$#" -eq 0 ] ||
            grep -s -H -m 1 -E '^vmcore status:|crash dump is likely incomplete' "$@" /dev/null |
            cut -c 1-300 | sed 's#/README.txt:#	#; s#^#readme	#'
    done
}
look_in_parents look_in
exit 0
"""
)
#: Shared with the fact `space`: one look at where dumps lie.
SECTION = Section("dumps", _SCRIPT, timeout=20, limit=256 * 1024)
#: kdump before 1.9 writes hour and minute with a colon, from 1.9 on with a dash (dracut/kdump-save).
_OLD_NAME = re.compile(r"\d{4}-\d\d-\d\d-\d\d:\d\d")
_VMCORE = re.compile(r"vmcore\d*|(?:dump|vmcore)\.\d{12}(?:\.(?:gz|bz2|lz4|xz))?")


def holds_memory(name: str) -> bool:
    """Whether a file of a dump is a vmcore, or a part of one, by its name; what is still "incomplete" is none."""
    return _VMCORE.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump directory: where it lies, its name, its files with sizes in bytes, and README.txt's word on it.

    `seen` is what a first look showed; None where nobody looked into it, as into those that are not among the newest.
    """

    parent: str
    name: str
    files: tuple[tuple[str, int], ...]
    status: str
    seen: vmcores.Seen | None = None

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(size for _, size in self.files)

    @property
    def problem(self) -> str:
        """What is wrong with the dump, by a listing and a first look; "" for nothing.

        The newer kdump keeps its word in README.txt ("vmcore status:"). The older one writes README.txt after the
        vmcore, so that without it the save did not come so far. Which kdump made a dump is told by the dump's own name:
        a node that was upgraded has dumps of both.
        """
        listed = self._listed
        if listed or self.flaw is None:
            return listed
        word = ", whatever README.txt says" if self._told else ""
        return f"the vmcore is {self.flaw.verdict}{word}: {self.flaw.reason}"

    @property
    def flaw(self) -> Problem | None:
        """What a first look shows to be wrong with the vmcore, or with its parts."""
        return self.seen.flaw(len(self._sizes)) if self.seen is not None else None

    @property
    def _told(self) -> str:
        """README.txt's own word on the vmcore, "" when it has none."""
        return self.status.partition(":")[2].strip() if self.status.startswith("vmcore status:") else ""

    @property
    def _sizes(self) -> list[int]:
        """Bytes of each vmcore."""
        return [size for name, size in self.files if holds_memory(name)]

    @property
    def _listed(self) -> str:
        """What a listing shows to be wrong."""
        told, sizes = self._told, self._sizes
        place = named(self.name)
        if place is not None and not place.readme:
            half = next((name for name, _ in self.files if "-incomplete" in name), "")
            return f"{half}: it was not saved to its end" if half else "" if sizes and all(sizes) else _no_vmcore(sizes)
        if told and told != "saved successfully":
            return f"vmcore {told}"
        if self.status and not told:
            return "README.txt says it is incomplete"
        if not sizes or not all(sizes):
            return _no_vmcore(sizes)
        if "README.txt" not in dict(self.files):
            return "no README.txt: it was not saved to its end"
        if not told and not _OLD_NAME.fullmatch(self.name):
            return "README.txt does not say that the vmcore was saved"
        return ""


@dataclass(frozen=True, slots=True)
class Dumps:
    """`shown` is where people find dumps; `counts` how many dumps each place has; `found` the newest 50 of each.

    `unseen` says why a first look into the newest was begun and not answered; None where it was, or was not asked for.
    """

    sections: ClassVar[tuple[Section, ...]] = (SECTION, vmcores.SECTION)

    shown: str
    counts: tuple[tuple[str, int], ...]
    found: tuple[Dump, ...]
    unseen: Unknown | None = None

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read stat(1) of what is in each dump directory, and a line of each README.txt."""
        text = evidence.text("dumps")
        if isinstance(text, Unknown):
            return text
        files: dict[str, list[tuple[str, int]]] = {}
        for path, size in rows(text, "file", 2):
            directory, _, name = path.rpartition("/")
            files.setdefault(directory, []).append((name, whole_number(size) or 0))
        words = dict(rows(text, "readme", 2))
        answer = vmcores.parse(evidence)
        seen, unseen = ({}, answer) if isinstance(answer, Unknown) else (answer, None)
        found = []
        for (path,) in rows(text, "dump", 1):
            parent, _, name = path.rpartition("/")
            found.append(Dump(parent, name, tuple(files.get(path, ())), words.get(path, ""), seen.get(path)))
        counts = tuple((parent, whole_number(count) or 0) for parent, count in rows(text, "place", 2))
        return cls(pairs(text).get("shown", ""), counts, tuple(found), unseen)

    @property
    def visible(self) -> tuple[Dump, ...]:
        """The dumps in view, oldest first."""
        return tuple(dump for dump in self.found if dump.parent == self.shown)

    @property
    def looked_into(self) -> tuple[Dump, ...]:
        """The same. Raises `CouldNotLook` where a first look was begun and not answered."""
        if self.unseen is not None:
            raise CouldNotLook(self.unseen)
        return self.visible

    @property
    def orphans(self) -> tuple[tuple[str, int], ...]:
        """The other places that hold dumps, and how many."""
        return tuple((parent, count) for parent, count in self.counts if parent != self.shown and count)


def _no_vmcore(sizes: list[int]) -> str:
    return "an empty vmcore" if sizes else "no vmcore"
