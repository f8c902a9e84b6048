# SPDX-License-Identifier: Apache-2.0
"""Which kernel modules are loaded on the node, and so which drivers its devices asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows
from kdumpcheck.probe import Section

_SCRIPT = r"""
[ -r /proc/modules ] || exit 0
printf 'asked\tmodules\n'
while read -r name _; do
    printf 'loaded\t%s\n' "$name"
done </proc/modules
"""


@dataclass(frozen=True, slots=True)
class Modules:
    """`loaded` are the modules by the names that the kernel gives them; what is built into it is not among them."""

    sections: ClassVar[tuple[Section, ...]] = (Section("modules", _SCRIPT),)

    loaded: frozenset[str]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /proc/modules (proc_modules(5))."""
        text = evidence.text("modules")
        if isinstance(text, Unknown):
            return text
        if not list(rows(text, "asked", 1)):
            return Unknown("/proc/modules could not be read")
        return cls(frozenset(name for (name,) in rows(text, "loaded", 1)))
