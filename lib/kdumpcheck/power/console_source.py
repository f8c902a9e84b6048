# SPDX-License-Identifier: Apache-2.0
"""What one way to a console has to offer; `Watch` makes a console with lines of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Note:
    """Something that we say ourselves: the console was lost, say."""

    text: str


class Source(Protocol):
    """Where the bytes of one console come from. It is open when it is made."""

    @property
    def where(self) -> str:
        """As in "SOL of ncn-w001-mgmt"."""

    def read(self, seconds: float) -> list[bytes | Note]:
        """What has come, or comes within so many seconds; some 64 KiB at most. Raises `ConsoleError`."""

    def close(self) -> None:
        """Give everything back. Called once, after the last `read`."""
