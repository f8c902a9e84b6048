# SPDX-License-Identifier: Apache-2.0
"""What the journal says about the last start of kdump."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section

# dracut says "failed" and "could not be found" of many things that nobody needs, so only what breaks a build or a load
# is taken. The words are grepped for on the node: the journal of one build has hundreds of lines.
_BAD = (
    "No space left on device|Read-only file system|Input/output error|Cannot allocate memory|Out of memory|"
    "oom-kill|Device or resource busy|mkdumprd.*([Ff]ail|FAIL|[Ee]rror)|kdump[.]service: (Main process exited|Failed)"
)
_STARTED = "Starting (kdump[.]service|Load kdump kernel and initrd|Crash recovery kernel arming)"
_SCRIPT = rf"""
command -v journalctl >/dev/null 2>&1 || {{ echo '#no journalctl'; exit 0; }}
journalctl -b -o cat --no-pager -n 1000 -u kdump.service -u kdump-early.service 2>/dev/null |
    grep -E '{_STARTED}|{_BAD}' | cut -c 1-300 | tail -n 60
exit 0
"""
_BAD_LINE = re.compile(_BAD)
_START_LINE = re.compile(_STARTED)


@dataclass(frozen=True, slots=True)
class Journal:
    """`started` is whether the journal knows a start of kdump.service in this boot.

    `troubles` are the lines since its last start that say that a build or a load went wrong.
    """

    sections: ClassVar[tuple[Section, ...]] = (Section("journal", _SCRIPT, timeout=20),)

    started: bool
    troubles: tuple[str, ...]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read journalctl(1); messages before the last start are of what has been done again since."""
        text = evidence.text("journal")
        if isinstance(text, Unknown):
            return text
        if text.startswith("#no journalctl"):
            return Unknown("journalctl is not on the node")
        lines = text.splitlines()
        starts = [place for place, line in enumerate(lines) if _START_LINE.match(line)]
        since = lines[starts[-1] + 1 :] if starts else lines
        return cls(bool(starts), tuple(line.strip() for line in since if _BAD_LINE.search(line)))
