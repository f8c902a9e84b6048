# SPDX-License-Identifier: Apache-2.0
"""A crash as its console tells it: how far it came, and whether there is anything left to wait for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kdumpcheck.lab.console import plain

#: In the order in which a crash goes through them; each is looked for after the one before.
_PHASES: Final = (
    ("crashed", r"Kernel panic - not syncing|sysrq: Trigger a crash"),
    ("capture kernel", r"Linux version "),
    ("capture initrd", r"Run /init as init process|systemd\[1\]: systemd .* running in system mode"),
    ("target mounted", r"Mounted .*kdump-mnt|XFS \(\S+\): (?:Ending (?:clean mount|recovery))"),
    ("saving", r"Saving dump|Copying data|Extracting dmesg"),
    ("saved", r"The dumpfile is saved to|Dump saving completed|vmcore status: *saved"),
    ("restarts", r"reboot: (?:Restarting system|machine restart)|Rebooting\."),
)
#: Lines after which nothing more comes, whoever waits; and what they mean.
_STUCK: Final = (
    (r"System is deadlocked on memory", "the capture kernel ran out of memory"),
    (r"Out of memory and no killable processes", "the capture kernel ran out of memory"),
    (r"Something failed\. You can try to debug", "a shell after a failed save"),
    (r"Dump saving completed\.\s+Type 'reboot -f'", "a shell after the save"),
    (r"Type 'reboot -f' to reboot the system", "a shell on the console"),
    (
        r"Entering emergency mode|Press Enter for (?:maintenance|emergency)|You are in emergency mode",
        "an emergency shell",
    ),
    (r"Cannot open access to console, the root account is locked", "an emergency shell"),
)
_PANIC_END: Final = re.compile(r"end Kernel panic")
_RESTARTS_BY_ITSELF: Final = re.compile(r"Rebooting in \d+ seconds")
#: systemd counts the seconds of what it waits for, which is no progress.
_WAITING: Final = re.compile(r".*\b(?:Job .* running|A (?:start|stop) job is running for .*) \(\d")
#: Beside its count systemd sends orders to the terminal, each a line of its own here.
_SHORT: Final = 8
_FOR: Final = re.compile(r"\bJob (\S+).* running \(\d|A start job is running for (\S+)")


@dataclass(frozen=True, slots=True)
class Story:
    """What a console has shown since the crash was triggered."""

    phases: tuple[str, ...]
    stuck: str | None
    """why nothing more is to be expected, None while there is"""
    progress: int
    """grows while something happens"""
    waits_for: str | None
    """what systemd says it waits for, the last time it said"""

    @property
    def captured(self) -> bool:
        """Whether the capture kernel started."""
        return "capture kernel" in self.phases


def read_story(output: bytes) -> Story:
    """Tell the story of console output that begins where the crash was triggered; total over any bytes."""
    text = plain(output)
    phases: list[str] = []
    place = 0
    for name, pattern in _PHASES:
        found = re.compile(pattern).search(text, place)
        if found is None and not phases:
            break  # before the crash, nothing means anything
        if found is not None:
            phases.append(name)
            place = found.end()
    waits = [one or other for one, other in _FOR.findall(text)]
    progress = sum(len(line) for line in text.splitlines() if len(line) > _SHORT and not _WAITING.match(line))
    return Story(tuple(phases), _stuck(text, phases), progress, waits[-1] if waits else None)


def _stuck(text: str, phases: list[str]) -> str | None:
    captured = "capture kernel" in phases
    for pattern, meaning in _STUCK:
        if captured and re.search(pattern, text):
            return meaning
    ended = list(_PANIC_END.finditer(text))
    if ended and not _RESTARTS_BY_ITSELF.search(text):
        return "the capture kernel panicked" if captured else "no capture kernel started"
    return None
