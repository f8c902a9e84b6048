# SPDX-License-Identifier: Apache-2.0
"""Connection: what can be done with one node, however it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod

from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed
from kdumpcheck.transport.exchange import LIMIT, Feed
from kdumpcheck.transport.privilege import run_as_root
from kdumpcheck.transport.secret import Secret


class Connection(ABC):
    """One connection to one node, until `close`; `sudo` is for testinfra's commands, as its --sudo."""

    sudo: bool = False

    @property
    def sudo_password(self) -> Secret | None:
        """The password to give to sudo when it asks, if there is one."""
        return None

    @property
    @abstractmethod
    def node(self) -> str:
        """The node's name."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """How the node is reached, as a URL without secrets."""

    @abstractmethod
    def run(self, command: str, *, stdin: bytes | Feed = b"", deadline: Deadline, limit: int = LIMIT) -> Completed:
        """Run one command in exactly one exec, and hear both its streams out, each up to `limit` bytes.

        Raises `TransportError`; with the kinds "exec-timeout" and "cut", `partial` holds what was heard.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the connection; whoever waits on it is woken."""

    def run_as_root(self, script: str | bytes, *, deadline: Deadline, limit: int = LIMIT) -> Completed:
        """Run a POSIX sh script as root in exactly one exec, directly or through sudo.

        Raises `TransportError` of kind "privilege" if this login cannot become root, and as `run` does.
        """
        data = script.encode("utf-8", "surrogateescape") if isinstance(script, str) else script
        return run_as_root(self, data, deadline=deadline, limit=limit, password=self.sudo_password)
