# SPDX-License-Identifier: Apache-2.0
"""The machine's own apt sources, cut down to the Debian release the node is made of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUITE: Final = "bookworm"
_OURS: Final = frozenset({SUITE, f"{SUITE}-updates", f"{SUITE}-security"})
_APT: Final = Path("/etc/apt")
_ONE_LINE: Final = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?\S+\s+(?P<suite>\S+)\s+(?P<components>.+)$")


def sources(apt: Path = _APT) -> str:
    """Sources of this machine that name our release, one text in the form mmdebstrap reads (deb822 or one-line).

    Raises ImageError when the machine has none: the node is built from Debian 12 packages.
    """
    for form, files in (("deb822", sorted(apt.glob("sources.list.d/*.sources"))), ("list", _list_files(apt))):
        pick = _stanzas if form == "deb822" else _lines
        found = [entry for path in files for entry in pick(path.read_text(encoding="utf-8"))]
        if found:
            return ("\n\n" if form == "deb822" else "\n").join(found) + "\n"
    raise ImageError(f"no apt source of this machine offers Debian {SUITE}; add one under {apt}/sources.list.d")


def _list_files(apt: Path) -> list[Path]:
    return [path for path in (apt / "sources.list", *sorted(apt.glob("sources.list.d/*.list"))) if path.is_file()]


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match and match["suite"] in _OURS:
            yield line.strip()


def _stanzas(text: str) -> Iterator[str]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
        suites = [word for line in lines if line.lower().startswith("suites:") for word in line.split()[1:]]
        ours = [suite for suite in suites if suite in _OURS]
        if ours and _enabled(lines):
            yield "\n".join(_with_suites(lines, ours))


def _enabled(lines: Iterable[str]) -> bool:
    return not any(re.match(r"(?i)enabled:\s*no\b", line) for line in lines)


def _with_suites(lines: Iterable[str], suites: list[str]) -> Iterator[str]:
    for line in lines:
        yield f"Suites: {' '.join(suites)}" if line.lower().startswith("suites:") else line
