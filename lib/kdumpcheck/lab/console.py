# SPDX-License-Identifier: Apache-2.0
"""Watching a node's serial console."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kdumpcheck.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOG: Final = "console.log"
_TAIL: Final = 8192
_EVERY: Final = 0.2


def follow(directory: Path) -> Iterator[str]:
    """What a node's console has shown last, and then what it shows, until its lab is gone.

    Bytes that are not text, and control characters that could disturb a terminal, come escaped.
    """
    path = directory / LOG
    position = max(0, path.stat().st_size - _TAIL) if path.exists() else 0
    pending = b""
    while directory.exists():
        piece = _read(path, position)
        position += len(piece)
        whole, newline, rest = (pending + piece).rpartition(b"\n")
        pending = rest
        if whole or newline:
            yield plain(whole + newline)
        if not piece:
            # Nothing came for a while, so what is there is a prompt, not half a line.
            if pending:
                yield plain(pending)
                pending = b""
            time.sleep(_EVERY)  # following a log is waiting; the operator ends it with Ctrl-C, or `lab down` does


def last_line(path: Path) -> str:
    """The last line in a log that is not empty, safe to print, to tell why something has ended."""
    lines = plain(path.read_bytes()[-_TAIL:]).splitlines() if path.exists() else []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _read(path: Path, position: int) -> bytes:
    try:
        with path.open("rb") as stream:
            stream.seek(position)
            return stream.read(65536)
    except FileNotFoundError:  # nothing has been shown yet
        return b""
