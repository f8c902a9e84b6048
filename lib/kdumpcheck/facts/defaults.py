# SPDX-License-Identifier: Apache-2.0
"""/etc/default/kdump-tools: the settings of Debian's kdump-tools, as the shell that sources it takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.sysconfig import setting
from kdumpcheck.probe import Section

# The file is sourced, so every line that is no comment may mean something; a password never leaves the node.
_SCRIPT = r"""
file=/etc/default/kdump-tools
[ -e "$file" ] || { echo '#absent'; exit 0; }
sed -e '/^[[:space:]]*\(#\|$\)/d' -e 's/\(FTP_PASSWORD=\).*/\1"[redacted]"/' "$file"
"""
_PLAIN_LINE = re.compile(r"\s*[A-Za-z_][A-Za-z0-9_]*=(\"[^\"\\$`]*\"|'[^']*'|[^\s\"'\\$`;&|()<>#]*)\s*(#.*)?")


@dataclass(frozen=True, slots=True)
class Defaults:
    """`settings` by name, quotes resolved; `riddles` are the lines that only a shell could tell the meaning of."""

    sections: ClassVar[tuple[Section, ...]] = (Section("defaults", _SCRIPT),)

    settings: Mapping[str, str]
    riddles: tuple[str, ...] = ()

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read the file as sh would; a later line wins (kdump-tools(5))."""
        text = evidence.text("defaults")
        if isinstance(text, Unknown):
            return text
        if text.startswith("#absent"):
            return Unknown("/etc/default/kdump-tools is not there")
        lines = [line for line in text.splitlines() if line.strip()]
        plain = [line for line in lines if _PLAIN_LINE.fullmatch(line)]
        read = dict(found for line in plain if (found := setting(line)) is not None)
        return cls(read, tuple(line.strip()[:120] for line in lines if line not in plain))
