# SPDX-License-Identifier: Apache-2.0
"""A console that a site's own program shows: `conman -j ncn-w001`, `ssh console ncn-w001`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Final

from kdumpcheck.power.console import ConsoleError
from kdumpcheck.power.console_source import Note
from kdumpcheck.power.login import without_secrets
from kdumpcheck.power.stream import Stream
from kdumpcheck.terminal import plain
from kdumpcheck.transport.errors import clean

_GOODBYE: Final = 2.0
_LAST_WORDS: Final = 400


class CommandSource:
    """What a program prints. It has a terminal of its own, as conman wants one; nothing is ever typed on it."""

    def __init__(self, node: str, argv: Sequence[str]) -> None:
        """Start it. Raises `ConsoleError` when it cannot be run."""
        self._node = node
        self._name = os.path.basename(argv[0])  # noqa: PTH119 - a name, which may be no path
        self._last = b""
        try:
            self._stream = Stream(argv, without_secrets(os.environ), terminal=True)
        except OSError as error:
            raise ConsoleError("config", node, f"{self.where} cannot be run: {error.strerror}") from None

    @property
    def where(self) -> str:
        """As in "the program conman"."""
        return f"the program {self._name}"

    def read(self, seconds: float) -> list[bytes | Note]:
        """What it has printed. Raises `ConsoleError` when it has ended."""
        data = self._stream.read(seconds)
        if data is None:
            raise ConsoleError("ended", self._node, self._how_it_ended())
        self._last = (self._last + data)[-_LAST_WORDS:]
        return [data] if data else []

    def close(self) -> None:
        """End it, and what it started."""
        self._stream.close(_GOODBYE)

    def _how_it_ended(self) -> str:
        status = self._stream.ended(1.0)
        how = "has left its terminal" if status is None else f"has ended with status {status}"
        lines = plain(self._last).strip().splitlines()
        said = f": {clean(lines[-1])}" if lines else ""
        return f"{self.where} {how}{said}; run it by hand to see what it wants"
