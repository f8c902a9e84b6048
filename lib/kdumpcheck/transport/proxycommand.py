# SPDX-License-Identifier: Apache-2.0
"""ProxyCommand: a command of the operator's that carries the connection, as a plain socket."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress

from kdumpcheck.transport.errors import TransportError, clean
from kdumpcheck.transport.target import Target

_GRACE = 1.0


class ProxyCommand:
    """A running ProxyCommand; `sock` is our end of its stdin and stdout."""

    def __init__(self, target: Target, command: str) -> None:
        self.sock, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the command
        try:
            # A process group of its own, so that close() reaches whatever the shell has started.
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=self._errors,
                start_new_session=True,
            )
        except OSError as error:
            self.sock.close()
            raise TransportError("config", target.name, f"ProxyCommand: {error.strerror or error}") from None
        finally:
            theirs.close()

    def close(self) -> None:
        """End the command and everything it started; never waits longer than two seconds."""
        self.sock.close()
        for number in (signal.SIGTERM, signal.SIGKILL):  # the second is for what outlives its parent
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        self._errors.close()

    def said(self) -> str:
        """The last line it wrote to stderr, for a message."""
        with suppress(ValueError, OSError):  # closed meanwhile
            size = os.fstat(self._errors.fileno()).st_size
            lines = os.pread(self._errors.fileno(), 4096, max(0, size - 4096)).strip().splitlines()
            return clean(lines[-1]) if lines else ""
        return ""
