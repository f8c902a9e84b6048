# SPDX-License-Identifier: Apache-2.0
"""The modules that were in a kernel when it died, as "Modules linked in:" lists them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_HEAD = "Modules linked in:"
_MODULE = re.compile(r"([\w-]{1,64})(?:\(([A-Z]*)[+-]?\))?")
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Module:
    """A module and the letters it is marked with, as in `nvidia(POE)`."""

    name: str
    marks: str


def linked_in(texts: Sequence[str]) -> tuple[Module, ...]:
    """The modules of the first list in these lines, which a kernel breaks into several when it is long."""
    start = next((number for number, text in enumerate(texts) if _HEAD in text), None)
    if start is None:
        return ()
    modules = _modules(texts[start].partition(_HEAD)[2])
    for text in texts[start + 1 : start + 20]:
        # A line of nothing but names goes on with the list; one name alone could be anything.
        more = _modules(text) if text.startswith(" ") else None
        if not more or "[last unloaded:" in texts[start]:
            break
        modules += more
    return tuple(modules[:_MOST])


def _modules(text: str) -> list[Module]:
    found: list[Module] = []
    for word in text.partition("[last unloaded:")[0].split():
        matched = _MODULE.fullmatch(word)
        if matched is None:
            return []
        found.append(Module(matched[1], matched[2] or ""))
    return found
