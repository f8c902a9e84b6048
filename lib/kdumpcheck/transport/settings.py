# SPDX-License-Identifier: Apache-2.0
"""What the operator says about reaching nodes, on the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.transport.secret import Secret


@dataclass(frozen=True, slots=True)
class SshSettings:
    """How to reach nodes by SSH, where the inventory and ssh_config leave it open.

    `ssh_config` replaces the usual files, as `ssh -F` does; `identity_files` come before those of
    ssh_config, as `ssh -i`; `known_hosts` replaces UserKnownHostsFile. `user` is for nodes whose inventory
    names none. `sudo` is testinfra's option of that name. `password` is for login, `sudo_password` for sudo;
    `ask` (prompt -> answer, or None) is asked for the passphrase of a locked key file and nothing else.
    `connect_timeout` (seconds, from dialling to the end of the key exchange) yields to ssh_config's own.
    `retries` is how often a connection that failed on the way is tried again.
    """

    ssh_config: Path | None = None
    identity_files: tuple[Path, ...] = ()
    known_hosts: Path | None = None
    sudo: bool = False
    user: str | None = None
    password: Secret | None = None
    sudo_password: Secret | None = None
    ask: Callable[[str], str | None] | None = None
    connect_timeout: float = 15.0
    keepalive: int = 15
    retries: int = 2
