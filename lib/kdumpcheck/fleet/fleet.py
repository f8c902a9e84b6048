# SPDX-License-Identifier: Apache-2.0
"""A bounded pool that looks at all nodes of a run, and keeps the connections it opened until the end."""

from __future__ import annotations

import resource
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Self

from kdumpcheck.fleet.look import Look, look
from kdumpcheck.fleet.progress import Progress, Watch
from kdumpcheck.nodes import Node
from kdumpcheck.probe import Probe
from kdumpcheck.transport import (
    Completed,
    Connection,
    Deadline,
    ForeignConnection,
    SshSettings,
    Transport,
    TransportError,
    run_as_root,
    testinfra_connection,
)

#: Nodes at once when nobody says otherwise; more gains little. A bastion sees one connection, whatever this is.
DEFAULT_FANOUT = 50
#: File descriptors one connection may need (its socket, a proxy's pipes), and those the rest of the program needs.
_PER_NODE, _SPARE = 4, 128


class Fleet:
    """Reaches nodes. Use as a context manager: leaving it closes every connection."""

    def __init__(self, settings: SshSettings, seconds: float, fanout: int | None = None) -> None:
        """`seconds` is what one look at one node may take; `fanout` how many nodes at once."""
        self.settings = settings
        self.seconds = seconds
        self.fanout = fanout or default_fanout()
        self._open: dict[str, Connection | ForeignConnection] = {}
        self._lock = threading.Lock()
        self._transport: Transport | TransportError | None = None
        self._making = threading.Lock()

    @property
    def transport(self) -> Transport:
        """SSH, made when the first node needs it: ssh_config is read, and a password asked for, once for all nodes.

        Raises `TransportError`, the same one for every node, when that does not work.
        """
        with self._making:
            if self._transport is None:
                try:
                    self._transport = Transport(self.settings)
                except TransportError as error:
                    self._transport = error
        if isinstance(self._transport, TransportError):
            raise self._transport
        return self._transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; whoever waits on one is woken."""
        with self._lock:
            connections, self._open = list(self._open.values()), {}
        for connection in connections:
            connection.close()
        if isinstance(self._transport, Transport):
            self._transport.close()

    def connection(self, node: Node, deadline: Deadline) -> Connection | ForeignConnection:
        """The one connection to a node, opened when first asked for. Raises `TransportError`."""
        with self._lock:
            known = self._open.get(node.name)
        if known is not None:
            return known
        if node.hostspec is not None:
            opened: Connection | ForeignConnection = testinfra_connection(node.hostspec, node.name)
        else:
            opened = self.transport.connect(node, deadline)
        with self._lock:
            self._open[node.name] = opened
        return opened

    def drop(self, node: Node) -> None:
        """Forget the connection to a node, as after a reboot or an error."""
        with self._lock:
            connection = self._open.pop(node.name, None)
        if connection is not None:
            connection.close()

    def run(self, node: Node, script: str, *, seconds: float, limit: int) -> Completed:
        """Run a sh script as root on a node: one exec, script on standard input. Raises `TransportError`."""
        deadline = Deadline.after(seconds)
        return run_as_root(self.connection(node, deadline), script.encode(), deadline=deadline, limit=limit)

    def look(self, node: Node, probe: Probe) -> Look:
        """Look at one node."""
        return look(
            node, probe, lambda node, probe: self.run(node, probe.script, seconds=self.seconds, limit=probe.limit)
        )

    def gather(
        self, nodes: Iterable[Node], probe: Probe, progress: Progress | None = None, *, keep: bool = True
    ) -> dict[str, Look]:
        """Look at all nodes, `fanout` at once; a dead node costs its own deadline and nothing else."""

        def look_at(node: Node) -> Look:
            found = self.look(node, probe)
            if not keep:
                self.drop(node)
            return found

        return gather(list(nodes), look_at, self.fanout, progress)


def gather(
    nodes: list[Node], look_at: Callable[[Node], Look], fanout: int, progress: Progress | None = None
) -> dict[str, Look]:
    """Call `look_at` for every node from a pool of threads; the answers in the order of the nodes."""
    looks: dict[str, Look] = {}
    watch = Watch()
    done: SimpleQueue[tuple[Node, Future[Look]]] = SimpleQueue()
    pool = ThreadPoolExecutor(max_workers=max(1, min(fanout, len(nodes))), thread_name_prefix="look")
    try:
        for node in nodes:
            pool.submit(watch.watched, look_at, node).add_done_callback(partial(_put, done, node))
        answered = 0
        while answered < len(nodes):
            # A Ctrl-C just before a wait without end would not be noticed until its end.
            with suppress(Empty):
                node, future = done.get(timeout=1)
                answered += 1
                looks[node.name] = future.result()
            if progress is not None:
                progress(answered, len(nodes), watch.slow())
    finally:
        # On Ctrl-C the threads are not waited for here: closing the connections ends them.
        pool.shutdown(wait=False, cancel_futures=True)
    return {node.name: looks[node.name] for node in nodes}


def _put(done: SimpleQueue[tuple[Node, Future[Look]]], node: Node, future: Future[Look]) -> None:
    done.put((node, future))


def default_fanout() -> int:
    """How many nodes at once this process's limit of open files allows, at most `DEFAULT_FANOUT`."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return DEFAULT_FANOUT
    return max(1, min(DEFAULT_FANOUT, (soft - _SPARE) // _PER_NODE))
