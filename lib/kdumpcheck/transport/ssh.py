# SPDX-License-Identifier: Apache-2.0
"""An SSH connection to one node, on which commands are run."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import paramiko

from kdumpcheck.transport.connection import Connection
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed, TransportError, clean
from kdumpcheck.transport.exchange import LIMIT, Exchange, Feed, Stdin
from kdumpcheck.transport.links import Links, hang_up
from kdumpcheck.transport.secret import Secret
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.target import Target
from kdumpcheck.transport.watchdog import Watchdog
from kdumpcheck.transport.wire import Wire

R = TypeVar("R")

#: Failures on the way to a node that may be gone a moment later. Silence and unreachable hosts are not
#: among them: they have cost a whole time-out already, and would only cost it again.
_PASSING = ("refused", "cut", "resolve")


class SshConnection(Connection):
    """One SSH connection to one node; it may be used by several threads, and is opened again if it was cut.

    A failure is tried again only while it is certain that the command has not started: dialling, logging in,
    opening a channel. Once the request to run it has been sent, it may be running even if nothing has been
    heard of it, so a cut from then on is final: no command ever runs twice.
    """

    def __init__(
        self,
        target: Target,
        links: Links,
        watchdog: Watchdog,
        settings: SshSettings,
        forget: Callable[[SshConnection], None],
    ) -> None:
        self.target = target
        self.sudo = settings.sudo
        self._sudo_password = settings.sudo_password
        self._links = links
        self._watchdog = watchdog
        self._retries = settings.retries
        self._forget = forget
        self._wire: Wire | None = None
        self._attempts: list[str] = []
        self._lock = threading.Lock()
        self._closed = False

    @property
    def node(self) -> str:
        """The node's name."""
        return self.target.name

    @property
    def origin(self) -> str:
        """How the node is reached, for the record: ssh://user@host:port."""
        return f"ssh://{self.target.user}@{self.target.place}"

    @property
    def sudo_password(self) -> Secret | None:
        """The password for sudo; None towards a node whose host key has changed and was let pass."""
        wire = self._wire
        return self._sudo_password if wire is not None and wire.trusted else None

    def open(self, deadline: Deadline) -> None:
        """Connect now rather than at the first command."""
        self._opened(deadline, _nothing)

    def run(self, command: str, *, stdin: bytes | Feed = b"", deadline: Deadline, limit: int = LIMIT) -> Completed:
        """Run one command in one exec, and hear both its streams out.

        stdout and stderr are each kept up to `limit` bytes; a command that goes on for more than 16 MiB
        beyond is no longer listened to. Raises `TransportError`; with "exec-timeout" and "cut", `partial`
        holds what was heard.
        """
        feed = Stdin(stdin) if isinstance(stdin, bytes) else stdin
        channel = self._opened(deadline, lambda wire: wire.open_session(timeout=deadline.remaining()))
        attempts, self._attempts = tuple(self._attempts), []
        with self._watchdog.guard(deadline, channel.get_transport().close):
            self._request(channel, command, deadline)
            completed = self._exchange(channel, feed, deadline, limit)
        return replace(completed, attempts=attempts)

    def close(self) -> None:
        """Close the connection and see its thread end."""
        self._closed = True  # before the lock: whoever is opening it holds that, and then gives up
        with self._lock:
            wire, self._wire = self._wire, None
        if wire is not None:
            hang_up(wire)
        self._forget(self)

    def _opened(self, deadline: Deadline, use: Callable[[Wire], R]) -> R:
        while True:
            try:
                return self._use(deadline, use)
            except TransportError as error:
                wait = random.uniform(0.2, 0.4) * 2 ** len(self._attempts)  # noqa: S311 - spreads, hides nothing
                if error.kind not in _PASSING or not self._again(deadline, wait):
                    error.attempts, self._attempts = tuple(self._attempts), []
                    raise
                self._attempts.append(str(error))
            self._links.closing.wait(wait)

    def _again(self, deadline: Deadline, wait: float) -> bool:
        return len(self._attempts) < self._retries and deadline.remaining() > wait + 0.5 and not self._closed

    def _use(self, deadline: Deadline, use: Callable[[Wire], R]) -> R:
        wire = self._live(deadline)
        try:
            with self._watchdog.guard(deadline, wire.close):
                return use(wire)
        except paramiko.ChannelException as error:
            text = f"{self.target.place} opens no session ({error.text}): see MaxSessions of its sshd"
            raise TransportError("exec", self.node, text) from None
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error, deadline) from None

    def _live(self, deadline: Deadline) -> Wire:
        if not self._lock.acquire(timeout=deadline.remaining()):
            raise TransportError("silent", self.node, f"{self.target.place} could not be reached in time")
        try:
            if self._closed:
                raise TransportError("closed", self.node, "the connection has been closed already")
            if self._wire is None or not self._wire.is_active():
                self._wire = self._links.open(self.target, deadline)
            return self._wire
        finally:
            self._lock.release()

    def _request(self, channel: paramiko.Channel, command: str, deadline: Deadline) -> None:
        try:
            channel.exec_command(command.encode("utf-8", "surrogateescape"))
        except (paramiko.SSHException, EOFError, OSError) as error:
            if channel.get_transport().is_active() and not deadline.expired:
                text = f"{self.target.place} does not run commands: is the login restricted (ForceCommand, shell)?"
                raise TransportError("exec", self.node, text) from None
            raise self._lost(error, deadline) from None

    def _exchange(self, channel: paramiko.Channel, feed: Feed, deadline: Deadline, limit: int) -> Completed:
        exchange = Exchange(channel, feed, limit)
        try:
            in_time = exchange.run(deadline)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._lost(error, deadline, exchange.completed()) from None
        completed = exchange.completed()
        wire = channel.get_transport()
        channel.close()
        if not in_time or (deadline.expired and completed.exit_status is None):
            raise self._late(completed)
        if completed.exit_status is None and not exchange.flooded:
            wire.join(timeout=0.3)  # a cut closes the channel a moment before the connection
            if not wire.is_active():
                raise self._lost(EOFError(), deadline, completed)
        return completed

    def _late(self, partial: Completed) -> TransportError:
        heard = f"{len(partial.stdout)} bytes of output came" if partial.stdout else "no output came"
        text = (
            f"the command on {self.target.place} did not end within {partial.seconds:.0f} s ({heard}):"
            " the node may be overloaded or a file system stuck; allow it more time, or look at its console"
        )
        return TransportError("exec-timeout", self.node, text, partial)

    def _lost(self, error: Exception, deadline: Deadline, partial: Completed | None = None) -> TransportError:
        if deadline.expired:
            if partial is not None:
                return self._late(partial)
            text = f"{self.target.place} took the login but does not answer any more: the node may be hung"
            return TransportError("exec-timeout", self.node, text)
        reason = clean(str(error))
        after = f" after {len(partial.stdout)} bytes of output" if partial is not None else ""
        text = (
            f"the connection to {self.target.place} was cut{after}{' (' + reason + ')' if reason else ''}:"
            " did the node reboot or crash?"
        )
        return TransportError("cut", self.node, text, partial)


def _nothing(_: Wire) -> None:
    """What `open` has to do on the wire: nothing."""
