# SPDX-License-Identifier: Apache-2.0
"""testinfra on our own connection: `host.file(...)`, `host.service(...)` and friends, with deadlines."""

from __future__ import annotations

from typing import Any

from testinfra.backend.base import BaseBackend, CommandResult

from kdumpcheck.transport.connection import Connection
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import TransportError
from kdumpcheck.transport.exchange import LIMIT

#: Seconds for one command of an operator's own test.
SECONDS = 60.0


class Backend(BaseBackend):  # type: ignore[misc] # testinfra ships no types
    """testinfra's paramiko backend as it should be: one verified connection, both streams, a deadline."""

    NAME = "paramiko"

    def __init__(self, connection: Connection, *, seconds: float = SECONDS) -> None:
        super().__init__(connection.node, sudo=connection.sudo)
        self._connection = connection
        self._seconds = seconds

    def run(self, command: str, *args: str, **_kwargs: Any) -> CommandResult:  # noqa: ANN401 - as testinfra's
        """Run one command; `TransportError` if it cannot be run, does not end, or says too much."""
        line = self.get_command(command, *args)
        done = self._connection.run(line, deadline=Deadline.after(self._seconds), limit=LIMIT)
        if done.truncated:
            text = f"the command says more than {LIMIT} bytes: {line[:80]!r}"
            raise TransportError("exec", self._connection.node, text)
        status = -1 if done.exit_status is None else done.exit_status
        return self.result(status, self.encode(line), done.stdout, done.stderr)

    def get_sudo_command(self, command: str, sudo_user: str | None) -> str:
        """The command through sudo, which may not ask anything: nobody is there to answer."""
        user = ("-u", sudo_user) if sudo_user else ()
        marks = " ".join("%s" for _ in user)
        return str(self.quote(f"sudo -n {marks} -- /bin/sh -c %s", *user, command))

    def decode(self, data: bytes) -> str:
        """Text; what is not UTF-8 shows as an escape (testinfra would ask the node's Python)."""
        return data.decode("utf-8", errors="backslashreplace")

    def encode(self, data: str) -> bytes:
        """The bytes of a command."""
        return data.encode("utf-8", errors="surrogateescape")
