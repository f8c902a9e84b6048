# SPDX-License-Identifier: Apache-2.0
"""A section: one question put to the node, in shell."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the probe: a name, what it runs, and how long and how much it may answer.

    `script` is POSIX sh and must only read. `timeout` is in seconds, `limit` in bytes: what a node
    answers beyond it is cut off and marked as cut. `first` sections run before all others. A `later` one came to a fact
    that can do without: evidence from before is still judged.
    Raises `ValueError` for a name that could not be told apart from the probe's own framing.
    """

    name: str
    script: str
    timeout: int = 10
    limit: int = 64 * 1024
    first: bool = False
    later: bool = False

    def __post_init__(self) -> None:
        """Refuse what the framing or `timeout` and `dd` could not carry."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"section name {self.name!r} is not lower-case words joined by dots or dashes")
        if self.timeout < 1 or self.limit < 1:
            raise ValueError(f"section {self.name}: timeout and limit must be at least 1")
