# SPDX-License-Identifier: Apache-2.0
"""Call traces: one frame a line, as the kernels of x86, arm64 and others print them."""

from __future__ import annotations

import re
from dataclasses import dataclass

#: symbol+offset/size, with the module (and its build id) in brackets when it is one's.
_PLACE = r"(?P<symbol>[A-Za-z_$.][\w$.:<>]{0,250})\+(?P<offset>0x[0-9a-f]{1,16})/(?P<size>0x[0-9a-f]{1,16})"
_MODULE = r"(?: \[(?P<module>[\w-]{1,64})(?: [0-9a-f]{1,64})?(?: ?\([A-Z]+\))?\])?"
#: `[<ffffffff81234567>]` before the symbol is from before 4.9, or of other architectures.
_FRAME = re.compile(rf"\s*(?:\[<[0-9a-f]+>\] )?(?P<guess>\? )?{_PLACE}{_MODULE}\s*(?:\(P\)|P)?$")
_FAILED = re.compile(rf"(?:RIP: [0-9a-f]{{4}}:|RIP: |pc : |EIP: |NIP \[?[0-9a-f]*\]? ?){_PLACE}{_MODULE}")


@dataclass(frozen=True, slots=True)
class Frame:
    """One place on the stack of the task that failed."""

    symbol: str
    offset: str
    module: str | None
    """None for what is built into the kernel"""
    sure: bool
    """False where the kernel put a question mark: a word on the stack that need not be a caller"""

    def __str__(self) -> str:
        """The frame as kernels print it."""
        where = f" [{self.module}]" if self.module else ""
        return f"{'' if self.sure else '? '}{self.symbol}+{self.offset}{where}"


def frame(text: str) -> Frame | None:
    """The frame that a line of a call trace tells of; None when it is none."""
    found = _FRAME.fullmatch(text)
    return _frame(found, sure=not found["guess"]) if found else None


def failing(text: str) -> Frame | None:
    """The place of the instruction that failed, when a line tells it and it is the kernel's."""
    found = _FAILED.match(text.strip())
    return _frame(found, sure=True) if found else None


def _frame(found: re.Match[str], *, sure: bool) -> Frame:
    return Frame(found["symbol"], found["offset"], found["module"], sure)
