# SPDX-License-Identifier: Apache-2.0
"""Watchdogs: timers that reset the node when nobody feeds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.lines import rows, whole_number
from kdumpcheck.facts.sysctls import CONTROLS
from kdumpcheck.probe import Section

#: The kernel's own (softdog) dies with the kernel; what the board has goes on counting.
SOFTWARE = "Software Watchdog"


@dataclass(frozen=True, slots=True)
class Watchdog:
    """One watchdog: its device, what it is, "active" or "inactive", and after how many seconds it bites."""

    name: str
    identity: str
    state: str
    timeout: int | None

    @property
    def outlives_the_crash(self) -> bool:
        """True for an armed one that is not a timer of the crashed kernel itself."""
        return self.state == "active" and self.identity != SOFTWARE

    @property
    def description(self) -> str:
        """The watchdog in words for a report."""
        after = f", {self.timeout} s" if self.timeout is not None else ""
        return f"{self.name} ({self.identity or 'unnamed'}{after}) {self.state or 'in a state it does not tell'}"


@dataclass(frozen=True, slots=True)
class Watchdogs:
    """All watchdogs of the node."""

    sections: ClassVar[tuple[Section, ...]] = (CONTROLS,)

    found: tuple[Watchdog, ...]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /sys/class/watchdog (kernel ABI sysfs-class-watchdog)."""
        text = evidence.text("controls")
        if isinstance(text, Unknown):
            return text
        return cls(
            tuple(
                Watchdog(name, identity, state, whole_number(timeout))
                for name, identity, state, timeout in rows(text, "watchdog", 4)
            )
        )
