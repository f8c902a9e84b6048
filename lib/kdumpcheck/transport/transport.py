# SPDX-License-Identifier: Apache-2.0
"""Transport: everything one run shares: settings, ssh_config, known_hosts, keys, bastions, the watchdog."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from kdumpcheck.nodes import Node
from kdumpcheck.transport.config import Config
from kdumpcheck.transport.connection import Connection
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import TransportError
from kdumpcheck.transport.foreign import SSH, ForeignConnection, query_of
from kdumpcheck.transport.links import Links
from kdumpcheck.transport.secret import SecretError
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.ssh import SshConnection
from kdumpcheck.transport.sshconfig import ConfigError
from kdumpcheck.transport.watchdog import Watchdog


class Transport:
    """One run's way to its nodes; made once, shared by all threads, closed at the end.

    ssh_config is read and passwords are fetched when it is made, before any node's time begins to run;
    `TransportError` of kind "config" says what is wrong with them.
    """

    def __init__(self, settings: SshSettings) -> None:
        self.settings = settings
        self._watchdog = Watchdog()
        try:
            self._links = Links(settings, Config(settings), self._watchdog)
            for secret in filter(None, (settings.password, settings.sudo_password)):
                secret.reveal()
        except (ConfigError, SecretError) as error:
            raise TransportError("config", "ssh", str(error)) from None
        self._connections: set[SshConnection] = set()
        self._lock = threading.Lock()

    def connect(self, node: Node, deadline: Deadline) -> Connection:
        """Connect to one node and log in; `TransportError` says why it cannot be done."""
        if node.hostspec is not None and node.hostspec.partition("://")[0] not in SSH:
            return ForeignConnection(node.name, node.hostspec, sudo=self.settings.sudo)
        query = query_of(node, self.settings.user)
        target = self._links.target(query, deadline)
        connection = SshConnection(target, self._links, self._watchdog, self.settings, self._forget)
        with self._lock:
            self._connections.add(connection)
        try:
            connection.open(deadline)
        except BaseException:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close every connection that is still open, then the bastions."""
        with self._lock:
            connections = list(self._connections)
        self._links.interrupt()
        for connection in connections:
            connection.close()
        self._links.close()
        self._watchdog.stop()

    def __enter__(self) -> Self:
        """Nothing is opened before it is needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close everything."""
        self.close()

    def _forget(self, connection: SshConnection) -> None:
        with self._lock:
            self._connections.discard(connection)
