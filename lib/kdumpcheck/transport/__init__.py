# SPDX-License-Identifier: Apache-2.0
"""Reaching nodes: one verified, bounded connection to each, over SSH or through testinfra's other backends."""

from __future__ import annotations

import testinfra.host

from kdumpcheck.transport.backend import Backend
from kdumpcheck.transport.connection import Connection
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed, Kind, TransportError
from kdumpcheck.transport.exchange import LIMIT
from kdumpcheck.transport.foreign import SCHEMES, ForeignConnection
from kdumpcheck.transport.privilege import run_as_root
from kdumpcheck.transport.secret import Secret, SecretError
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.ssh import SshConnection
from kdumpcheck.transport.transport import Transport

__all__ = [
    "LIMIT",
    "SCHEMES",
    "Completed",
    "Connection",
    "Deadline",
    "ForeignConnection",
    "Kind",
    "Secret",
    "SecretError",
    "SshConnection",
    "SshSettings",
    "Transport",
    "TransportError",
    "run_as_root",
    "testinfra_connection",
    "testinfra_host",
]


def testinfra_host(connection: Connection) -> testinfra.host.Host:
    """Give testinfra's `host` on a connection that is already there (testinfra.readthedocs.io)."""
    backend = connection.backend if isinstance(connection, ForeignConnection) else Backend(connection)
    host = testinfra.host.Host(backend)
    backend.set_host(host)
    return host


def testinfra_connection(hostspec: str, node: str | None = None) -> ForeignConnection:
    """A connection through one of testinfra's own backends (local://, chroot:///path, docker://name, ...).

    Raises `TransportError` of kind "config" for a backend that does not exist or cannot be used here.
    """
    return ForeignConnection(node or hostspec, hostspec)
