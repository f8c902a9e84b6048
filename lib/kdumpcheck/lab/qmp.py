# SPDX-License-Identifier: Apache-2.0
"""A small client of QEMU's machine protocol (QMP): one request, one answer, with a deadline."""

from __future__ import annotations

import json
import os
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SOCKET: Final = "qmp.sock"
"""Name of the socket in the VM's directory."""

_MAX_MESSAGE: Final = 1 << 20


class Qmp:
    """A connection to one QEMU; use it as a context manager."""

    def __init__(self, directory: Path, seconds: float = 10.0) -> None:
        """Connect to the QEMU whose socket lies in `directory`; every request has `seconds` to be answered."""
        self._name = directory.name
        self._seconds = seconds
        self._buffer = b""
        self._connection = self._connect(directory)
        self._read(Deadline(seconds, f"{self._name}: QEMU greets"))
        self.execute("qmp_capabilities")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(self, command: str, arguments: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Send one command and return the object it answers with; raises `LabError` for QEMU's error or silence."""
        request = {"execute": command, "arguments": arguments or {}}
        deadline = Deadline(self._seconds, f"{self._name}: QEMU answers {command}")
        try:
            self._connection.sendall(json.dumps(request).encode() + b"\n")
        except OSError as error:
            raise LabError(f"{self._name}: QEMU takes no command ({error})") from None
        while True:
            answer = self._read(deadline)
            if "error" in answer:
                raise LabError(f"{self._name}: QEMU refused {command}: {answer['error'].get('desc')}")
            if "return" in answer:
                return dict(answer["return"])
            # else an event, which nobody here waits for

    def _connect(self, directory: Path) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self._seconds)
        try:
            with _short_path(directory) as path:
                connection.connect(path)
        except OSError as error:
            connection.close()
            raise LabError(f"{self._name}: QEMU does not take connections ({error})") from None
        return connection

    def _read(self, deadline: Deadline) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            deadline.check()
            self._connection.settimeout(max(deadline.remaining, 0.01))
            try:
                piece = self._connection.recv(65536)
            except TimeoutError:
                continue
            except OSError as error:
                raise LabError(f"{self._name}: lost QEMU ({error})") from None
            if not piece or len(self._buffer) > _MAX_MESSAGE:
                raise LabError(f"{self._name}: QEMU has ended")
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def _short_path(directory: Path) -> Iterator[str]:
    """A path to the socket that fits into the 108 bytes of a socket address, however deep the directory is."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET}"
    finally:
        os.close(descriptor)
