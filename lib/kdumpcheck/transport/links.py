# SPDX-License-Identifier: Apache-2.0
"""Links: opening a connection to one target, straight, through a ProxyCommand or through shared bastions."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NoReturn

import paramiko

from kdumpcheck.transport.config import Config, Query
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.dial import dial
from kdumpcheck.transport.errors import Kind, TransportError, clean
from kdumpcheck.transport.handshake import handshake
from kdumpcheck.transport.hostkeys import HostKeys
from kdumpcheck.transport.identities import Keyring, offer
from kdumpcheck.transport.login import Login
from kdumpcheck.transport.proxycommand import ProxyCommand
from kdumpcheck.transport.secret import Secret
from kdumpcheck.transport.settings import SshSettings
from kdumpcheck.transport.sshconfig import ConfigError
from kdumpcheck.transport.target import Target
from kdumpcheck.transport.watchdog import Watchdog
from kdumpcheck.transport.wire import Wire

_DEEPEST = 8


@dataclass(slots=True)
class _Bastion:
    """One bastion: the connection all threads share, or how the last attempt at it failed."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    wire: Wire | None = None
    failure: TransportError | None = None
    failed_at: float = 0.0


class Links:
    """Opens connections for one run; safe to share between threads."""

    def __init__(self, settings: SshSettings, config: Config, watchdog: Watchdog) -> None:
        self._settings = settings
        self._config = config
        self._watchdog = watchdog
        self._host_keys = HostKeys()
        self._keyring = Keyring(settings.ask)
        self._bastions: dict[tuple[str, ...], _Bastion] = {}
        self._opening: set[Wire] = set()
        self._lock = threading.Lock()
        self.closing = threading.Event()

    def target(self, query: Query, deadline: Deadline) -> Target:
        """What the configuration says about one host."""
        try:
            return self._config.target(query, deadline)
        except ConfigError as error:
            raise TransportError("config", query.name, str(error)) from None

    def open(self, target: Target, deadline: Deadline) -> Wire:
        """Connect and log in; `TransportError` says what stood in the way."""
        chain = self._chain(target, deadline)
        through = self._through(chain[:-1], target.name, deadline, time.monotonic()) if len(chain) > 1 else None
        return self._open(target, through, deadline, self._settings.password)

    def interrupt(self) -> None:
        """End every attempt to connect that is under way, and let no new one begin."""
        self.closing.set()
        with self._lock:
            opening = list(self._opening)
        for wire in opening:
            wire.close()

    def close(self) -> None:
        """Close the bastions, the farthest first."""
        self.interrupt()
        with self._lock:
            bastions = list(self._bastions.values())
        for bastion in reversed(bastions):
            if bastion.wire is not None:
                hang_up(bastion.wire)

    def _chain(self, target: Target, deadline: Deadline, depth: int = 0) -> tuple[Target, ...]:
        """The hops to a target, nearest first, and the target itself."""
        if depth > _DEEPEST:
            text = f"ProxyJump leads round in circles at {target.host}: set 'ProxyJump none' for the bastion itself"
            raise TransportError("config", target.name, text)
        hops = [self.target(Query(jump.host, None, jump.port, jump.user), deadline) for jump in target.jumps]
        if not hops:
            return (target,)
        # As `ssh -J a,b`: only the first hop may have a way of its own to be reached.
        return (*self._chain(hops[0], deadline, depth + 1), *hops[1:], target)

    def _through(self, hops: tuple[Target, ...], node: str, deadline: Deadline, asked: float) -> Wire:
        """The shared connection to the last of these bastions, opened by whoever needs it first.

        `asked` is when the node's turn began: a failure since then is the node's as well.
        """
        key = tuple(f"{hop.user}@{hop.place}" for hop in hops)
        with self._lock:
            bastion = self._bastions.setdefault(key, _Bastion())
        if not bastion.lock.acquire(timeout=deadline.remaining()):
            raise TransportError("silent", node, f"bastion {hops[-1].place} could not be reached in time")
        try:
            return self._shared(bastion, hops, asked, deadline)
        except TransportError as error:
            raise TransportError(error.kind, node, f"bastion {error.node}: {error.args[0]}") from None
        finally:
            bastion.lock.release()

    def _shared(self, bastion: _Bastion, hops: tuple[Target, ...], asked: float, deadline: Deadline) -> Wire:
        if bastion.wire is not None and bastion.wire.is_active():
            return bastion.wire
        # Whoever was waiting while an attempt failed shares that failure; 50 threads do not try one by one.
        if bastion.failure is not None and bastion.failed_at >= asked:
            raise bastion.failure
        if bastion.wire is not None:
            hang_up(bastion.wire)
        before = self._through(hops[:-1], hops[-1].name, deadline, asked) if len(hops) > 1 else None
        try:
            bastion.wire = self._open(hops[-1], before, deadline)
        except TransportError as error:
            if not deadline.expired:  # with more time, the next one may well succeed
                bastion.failure, bastion.failed_at = error, time.monotonic()
            raise
        return bastion.wire

    def _open(self, target: Target, through: Wire | None, deadline: Deadline, password: Secret | None = None) -> Wire:
        early = deadline.within(target.connect_timeout)
        known = self._host_keys.known(target)
        sock, proxy = self._carrier(target, through, early)
        wire = Wire(sock, known.kinds, certificates=known.has_authority)
        wire.companions += [proxy.close] if proxy else []
        try:
            with self._watchdog.guard(deadline, wire.close), self._closable(target, wire):
                key = handshake(wire, target, early)
                wire.trusted = self._host_keys.verify(target, known, key)
                with offer(target, self._keyring, deadline) as identities:
                    # The password is the node's: no bastion gets it, and nobody whose key has changed.
                    Login(wire, target, deadline).run(identities, password if wire.trusted else None)
                wire.set_keepalive(target.keepalive or 0)
        except BaseException as error:
            _explain(error, proxy)
            hang_up(wire)
            raise
        return wire

    def _carrier(
        self, target: Target, through: Wire | None, deadline: Deadline
    ) -> tuple[socket.socket | paramiko.Channel, ProxyCommand | None]:
        if through is not None:
            return _forwarded(target, through, deadline), None
        if target.proxy_command:
            proxy = ProxyCommand(target, target.proxy_command)
            return proxy.sock, proxy
        return dial(target, deadline, self.closing), None

    @contextmanager
    def _closable(self, target: Target, wire: Wire) -> Iterator[None]:
        """Let close() reach a connection that is still being opened."""
        with self._lock:
            self._opening.add(wire)
        try:
            if self.closing.is_set():
                raise TransportError("closed", target.name, "the run is over")
            yield
        finally:
            with self._lock:
                self._opening.discard(wire)


def hang_up(wire: Wire) -> None:
    """Close a connection and see its thread end."""
    wire.close()
    if wire.is_alive():
        wire.join(timeout=1)


def _forwarded(target: Target, through: Wire, deadline: Deadline) -> paramiko.Channel:
    here, there = ("127.0.0.1", 0), (target.host, target.port)
    try:
        return through.open_channel("direct-tcpip", there, here, timeout=deadline.remaining())
    except paramiko.ChannelException as error:
        _not_forwarded(target, error)
    except (paramiko.SSHException, EOFError, OSError) as error:
        if deadline.expired:
            text = f"{target.place} does not answer the bastion: is the node up?"
            raise TransportError("unreachable", target.name, text) from None
        text = f"the bastion hung up while dialling {target.place} ({clean(str(error)) or 'no reason given'})"
        raise TransportError("cut", target.name, text) from None


def _not_forwarded(target: Target, error: paramiko.ChannelException) -> NoReturn:
    # OpenSSH tells why in words only (channels.c): strerror() of its own connect().
    kind: Kind = "refused" if "refused" in error.text.lower() else "unreachable"
    text = f"the bastion cannot reach {target.place} ({error.text})"
    if error.code == 1:
        text = f"the bastion does not forward to {target.place}: see AllowTcpForwarding and PermitOpen there"
    raise TransportError(kind, target.name, text) from None


def _explain(error: BaseException, proxy: ProxyCommand | None) -> None:
    if proxy is not None and isinstance(error, TransportError):
        with suppress(IndexError):
            said = proxy.said()
            error.args = (f"{error.args[0]}{' (ProxyCommand: ' + said + ')' if said else ''}",)
