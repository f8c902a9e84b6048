# SPDX-License-Identifier: Apache-2.0
"""The bytes of a console kept in a file, as they came."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

LARGEST: Final = 64 * 1024 * 1024
"""Bytes; what comes after them is not kept. A serial line of 115200 Bd needs an hour and a half for as many."""


class Keep:
    """A file that is made anew, for its owner only: a console may show what nobody else should see."""

    def __init__(self, path: Path, limit: int = LARGEST) -> None:
        """Raises `OSError` when the file cannot be made."""
        self._path = path
        self._left = limit
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)

    def take(self, data: bytes) -> str | None:
        """Write some bytes; a text, once, when no more will be kept, with the reason."""
        if self._file is None:
            return None
        try:
            whole = memoryview(data)[: self._left]
            self._left -= len(whole)
            while whole:
                whole = whole[os.write(self._file, whole) :]
        except OSError as error:
            return self._stop(error.strerror or "it cannot be written")
        return None if self._left else self._stop("it is as large as it may be")

    def close(self) -> None:
        """No more will come."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _stop(self, why: str) -> str:
        self.close()
        return f"no more of the console is kept in {self._path}: {why}"
