# SPDX-License-Identifier: Apache-2.0
"""A console that another program writes into a file: conman's log, a terminal server's, the lab's."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path
from typing import Final

from kdumpcheck.power.console import ConsoleError
from kdumpcheck.power.console_source import Note

_LOOK: Final = 0.1
_CHUNK: Final = 64 * 1024
_GONE: Final = 60.0


class FileSource:
    """Follows a file from its present end on, also when it is cut short, or moved away and made anew."""

    def __init__(self, node: str, path: Path) -> None:
        """Raises `ConsoleError` when there is no such file."""
        self._node = node
        self._path = path
        self._gone: float | None = None
        try:
            self._file = self._open()
        except OSError as error:
            raise self._unusable(error.strerror or "cannot be read") from None
        self._position = os.lseek(self._file, 0, os.SEEK_END)

    @property
    def where(self) -> str:
        """As in "the file /var/log/conman/console.ncn-w001"."""
        return f"the file {self._path}"

    def read(self, seconds: float) -> list[bytes | Note]:
        """What was added. Raises `ConsoleError` when the file is gone for a minute, or cannot be read any more."""
        end = time.monotonic() + seconds
        while True:
            try:
                pieces = self._look()
            except OSError as error:
                text = f"{self.where} cannot be read any more: {error.strerror}"
                raise ConsoleError("lost", self._node, text) from None
            if pieces or time.monotonic() >= end:
                return pieces
            time.sleep(_LOOK)  # nothing tells when a file on any file system grows

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    def _open(self) -> int:
        # Without waiting: a pipe that nobody writes into would keep us for ever.
        file = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise self._unusable("is not a regular file")
        return file

    def _unusable(self, why: str) -> ConsoleError:
        return ConsoleError("config", self._node, f"{self.where}: {why}: name the one its console is written to")

    def _look(self) -> list[bytes | Note]:
        # Whether there is another file in its place is asked first: what the old one got by then is read to its end.
        moved = self._is_moved()
        data = os.read(self._file, _CHUNK)
        if data:
            self._position += len(data)
            return [data]
        if os.fstat(self._file).st_size < self._position:
            self._position = os.lseek(self._file, 0, os.SEEK_SET)
            return [Note(f"{self.where} was cut short, and is read from its beginning")]
        if moved:
            try:
                file = self._open()
            except FileNotFoundError:  # and gone again
                return []
            os.close(self._file)
            self._file, self._position = file, 0
            return [Note(f"{self.where} was made anew, and is read from its beginning")]
        return []

    def _is_moved(self) -> bool:
        here = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            # Whoever moves it away makes a new one soon.
            self._gone = self._gone or time.monotonic()
            if time.monotonic() - self._gone > _GONE:
                raise ConsoleError("lost", self._node, f"{self.where} is gone: is its writer still there?") from None
            return False
        self._gone = None
        return (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino)
