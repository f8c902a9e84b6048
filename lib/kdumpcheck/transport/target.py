# SPDX-License-Identifier: Apache-2.0
"""One host to reach: every question the connection has, answered."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Strict = Literal["yes", "accept-new", "no"]


@dataclass(frozen=True, slots=True)
class Jump:
    """One hop of ProxyJump, as it is written."""

    host: str
    user: str | None
    port: int | None


@dataclass(frozen=True, slots=True)
class Target:
    """One host: where to dial it, who it must be, and how to log in.

    `name` is the node's name, for messages. `known_as` are the names its host key may be filed under, the
    first being the one to record; `known_weakly` are names that can confirm a key but not contradict it.
    """

    name: str
    host: str
    port: int
    user: str
    known_as: tuple[str, ...]
    known_weakly: tuple[str, ...]
    user_known_hosts: tuple[Path, ...]
    global_known_hosts: tuple[Path, ...]
    strict: Strict
    hash_known_hosts: bool
    identity_files: tuple[Path, ...]
    certificate_files: tuple[Path, ...]
    identities_only: bool
    agent: Path | None
    methods: tuple[str, ...]
    jumps: tuple[Jump, ...]
    proxy_command: str | None
    connect_timeout: float | None
    keepalive: int | None
    family: socket.AddressFamily
    bind_address: str | None

    @property
    def place(self) -> str:
        """Where it is, for messages: the address and the port."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def host_and_port(host: str, port: int) -> str:
    """How known_hosts writes a host (sshd(8)): the name alone, or [name]:port for an unusual port."""
    return host if port == 22 else f"[{host}]:{port}"
