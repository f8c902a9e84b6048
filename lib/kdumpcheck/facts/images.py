# SPDX-License-Identifier: Apache-2.0
"""The kernels in /boot, and what ROOTRAID/boot holds for a dump to be read with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows
from kdumpcheck.facts.mounted import FIND_ROOTRAID
from kdumpcheck.probe import Section

# Only files count: what was deleted on the running node is a device node in the upper layer.
_SCRIPT = (
    FIND_ROOTRAID
    + r"""
# Both mean the same kernel: SLES links vmlinuz to an image whose name begins so, or with Image on Arm.
for file in /boot/vmlinuz-* /boot/Image-*; do
    [ -f "$file" ] && printf 'image\t%s\n' "$file"
done | head -n 64
[ -n "$point" ] || exit 0
for file in "$point"/boot/vmlinux-* "$point"/boot/System.map-*; do
    [ -f "$file" ] && [ -s "$file" ] && printf 'namelist\t%s\n' "${file##*/}"
done | head -n 64
exit 0
"""
)


@dataclass(frozen=True, slots=True)
class Images:
    """`kernels` are the releases with an image in /boot; `namelists` the file names of vmlinux and System.map."""

    sections: ClassVar[tuple[Section, ...]] = (Section("images", _SCRIPT),)

    kernels: tuple[str, ...]
    namelists: frozenset[str]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read the names of files in /boot and in ROOTRAID/boot."""
        text = evidence.text("images")
        if isinstance(text, Unknown):
            return text
        releases = [path.rsplit("/", 1)[-1].partition("-")[2] for (path,) in rows(text, "image", 1)]
        named = frozenset(name for (name,) in rows(text, "namelist", 1))
        return cls(tuple(release for release in releases if release), named)

    def namelist(self, release: str) -> str:
        """The name of the kernel with symbols for a release, compressed or not; "" when there is none."""
        names = (f"vmlinux-{release}{ending}" for ending in (".gz", ".xz", ""))
        return next((name for name in names if name in self.namelists), "")

    def map(self, release: str) -> str:
        """The name of the System.map for a release; "" when there is none."""
        return name if (name := f"System.map-{release}") in self.namelists else ""
