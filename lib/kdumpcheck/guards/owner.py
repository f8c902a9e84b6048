# SPDX-License-Identifier: Apache-2.0
"""Who holds a node's lock: a person, a machine and a process there, told apart from all others."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_START = 19
"""Where proc(5) has the start time behind the name of the process in /proc/PID/stat."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One run of kdumpcheck. `started` is the start time of its process, in clock ticks since its machine's boot."""

    user: str
    host: str
    pid: int
    started: int
    random: str

    @classmethod
    def me(cls) -> Self:
        """This run."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container may run under a number that has no name
            user = str(os.getuid())
        return cls(user, socket.gethostname(), os.getpid(), _started(os.getpid()) or 0, secrets.token_hex(8))

    @property
    def token(self) -> str:
        """The owner in one word, for the lock."""
        return f"{self.host}:{self.pid}:{self.started}:{self.random}"

    def note(self, purpose: str) -> str:
        """The owner and what he is about to do, as lines of the lock for a person to read."""
        return f"owner={self.user}@{self.host} (process {self.pid})\npurpose={purpose}"


def is_gone(token: str, host: str) -> bool:
    """Whether a lock's owner was a process of this machine, called `host`, that has ended."""
    parts = token.rsplit(":", 3)
    if len(parts) != 4 or parts[0] != host or not all(part.isascii() and part.isdigit() for part in parts[1:3]):
        return False
    return _started(int(parts[1])) != int(parts[2])


def _started(pid: int) -> int | None:
    try:
        stat = Path("/proc", str(pid), "stat").read_bytes()
    except OSError:
        return None
    # The name in parentheses may hold blanks and parentheses itself.
    return int(stat.rpartition(b")")[2].split()[_START])
