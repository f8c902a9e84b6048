# SPDX-License-Identifier: Apache-2.0
"""Ports for servers that must be told one: taken for as long as the tests run, whatever other processes run."""

from __future__ import annotations

import itertools
import socket

# Below those that the kernel gives by itself (from 32768 on): there, any connection may take a port between the moment
# in which it was seen free and the moment in which the server binds it.
_CHOICE = itertools.cycle(range(20_000, 30_000))
_claims: list[socket.socket] = []


def reserve(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody listens on, and that no other call gives as long as this process lives."""
    for port in itertools.islice(_CHOICE, 10_000):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0kdumpcheck-selftest-port-{port}")  # an abstract name: it is gone with its process
            with socket.socket(socket.AF_INET, kind) as probe:
                probe.bind((address, port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise AssertionError(f"no port is free on {address}")
