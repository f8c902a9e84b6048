# SPDX-License-Identifier: Apache-2.0
"""VMCOREINFO: the lines in which a crashed kernel describes itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

LIMIT = 1 << 16
"""Far more than any kernel writes."""


@dataclass(frozen=True, slots=True)
class VmcoreInfo:
    """Which kernel crashed (`uname -r`), when (seconds since 1970), its page size; None where it does not say."""

    release: str | None = None
    crash_time: int | None = None
    page_size: int | None = None

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read `KEY=value` lines; anything else is passed over."""
        lines = (line.partition(b"=") for line in data[:LIMIT].split(b"\n"))
        values = {key: value.strip(b"\0 ") for key, equals, value in lines if equals}
        return cls(
            text(values.get(b"OSRELEASE", b"")),
            whole_number(values.get(b"CRASHTIME", b"")),
            whole_number(values.get(b"PAGESIZE", b"")),
        )


def text(data: bytes) -> str | None:
    """A short printable word up to its first NUL, or None."""
    word = data.partition(b"\0")[0].decode("ascii", "replace")
    return word if word and len(word) <= 256 and word.isprintable() and "�" not in word else None


def whole_number(data: bytes) -> int | None:
    """A number in ASCII digits, or None."""
    return int(data) if data.isascii() and data.isdigit() and len(data) <= 20 else None
