# SPDX-License-Identifier: Apache-2.0
"""OpenSSH's host patterns (ssh_config(5), PATTERNS): `*`, `?`, and a leading `!` that says no."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def matches(text: str, patterns: Iterable[str]) -> bool:
    """True when one pattern fits and no negated pattern does."""
    found = False
    for pattern in patterns:
        if pattern.startswith("!"):
            if _compiled(pattern[1:]).fullmatch(text):
                return False
        elif _compiled(pattern).fullmatch(text):
            found = True
    return found


def is_pattern(name: str) -> bool:
    """True when the name is not plain, but has to be matched."""
    return name.startswith("!") or "*" in name or "?" in name
