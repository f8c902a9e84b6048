# SPDX-License-Identifier: Apache-2.0
"""/etc/fstab: on an NCN it says where kdump before 1.9 will look for the root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section

_SCRIPT = """
[ -e /etc/fstab ] || exit 0
sed -n -e 's#password=[^,[:space:]]*#password=[redacted]#g' -e '/^[[:space:]]*[^#[:space:]]/p' /etc/fstab
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what is mounted, where, as which file system, and with which options."""

    device: str
    point: str
    fstype: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fstab:
    """The lines of /etc/fstab that mean something, in order."""

    sections: ClassVar[tuple[Section, ...]] = (Section("fstab", _SCRIPT),)

    entries: tuple[Entry, ...]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read fstab(5)."""
        text = evidence.text("fstab")
        if isinstance(text, Unknown):
            return text
        lines = (line.split() for line in text.splitlines())
        return cls(tuple(_entry(words) for words in lines if len(words) >= 3 and not words[0].startswith("#")))

    @property
    def roots(self) -> tuple[Entry, ...]:
        """The entries for `/`."""
        return tuple(entry for entry in self.entries if entry.point == "/")


def _entry(words: list[str]) -> Entry:
    return Entry(words[0], words[1], words[2], tuple(words[3].split(",")) if len(words) > 3 else ())


def read_only(options: tuple[str, ...]) -> bool:
    """Whether what is mounted with these options cannot be written to: of `ro` and `rw` the last one counts."""
    return [option for option in options if option in {"ro", "rw"}][-1:] == ["ro"]
