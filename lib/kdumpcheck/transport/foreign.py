# SPDX-License-Identifier: Apache-2.0
"""testinfra's other backends as ways to a node: local://, chroot://, docker://, podman:// and the rest."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import testinfra.backend
from testinfra.backend.base import BaseBackend, CommandResult

from kdumpcheck.nodes import Node
from kdumpcheck.transport.config import Query
from kdumpcheck.transport.connection import Connection
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import Completed, TransportError, clean
from kdumpcheck.transport.exchange import LIMIT, Feed
from kdumpcheck.transport.process import Process

#: Schemes that mean SSH: `Transport.connect` reaches those itself.
SSH = ("ssh", "safe-ssh", "paramiko")
#: Every scheme there is.
SCHEMES = tuple(sorted(testinfra.backend.BACKENDS))
#: Schemes whose backend runs a command of this machine, which then reaches the node.
_COMMANDS = ("local", "chroot", "docker", "podman", "kubectl", "openshift", "lxc")
#: Those of them that pass stdin on only when asked to.
_NEED_I = ("docker", "podman", "kubectl", "openshift")
_SECONDS = 60.0


class ForeignConnection(Connection):
    """One node behind one of testinfra's backends, with the `run` and `close` of an SSH connection.

    Where the backend runs a local command, time and size are bounded as over SSH. Where it does not (salt,
    ansible) a thread is left behind when the deadline passes, and the size is only cut afterwards.
    """

    def __init__(self, node: str, hostspec: str, *, sudo: bool = False) -> None:
        self._node = node
        self._hostspec = hostspec
        self.sudo = False  # the backend adds sudo by itself
        self._lock = threading.Lock()
        self._job: tuple[bytes, Deadline, int] | None = None
        self._done: Completed | None = None
        self._running: Process | None = None
        self._scheme = hostspec.partition("://")[0]
        self.backend = self._made(hostspec, sudo=sudo)

    @property
    def node(self) -> str:
        """The node's name."""
        return self._node

    @property
    def origin(self) -> str:
        """How the node is reached: the host specification."""
        return self._hostspec

    def run(self, command: str, *, stdin: bytes | Feed = b"", deadline: Deadline, limit: int = LIMIT) -> Completed:
        """Run one command; `TransportError` as with an SSH connection."""
        if not isinstance(stdin, bytes):
            raise TransportError("config", self.node, "a sudo password can only be given over SSH")
        with self._lock:
            self._job, self._done = (stdin, deadline, limit), None
            try:
                return self._run(command, stdin, deadline, limit)
            finally:
                self._job = None

    def close(self) -> None:
        """End the command that is running, if there is one."""
        running = self._running
        if running is not None:
            running.end()

    def _made(self, hostspec: str, *, sudo: bool) -> BaseBackend:
        name, options = testinfra.backend.parse_hostspec(hostspec)
        kind = options.setdefault("connection", "local")
        if sudo:
            options.setdefault("sudo", True)
        try:
            made = testinfra.backend.get_backend_class(kind)
            made = self._bounded(made) if kind in _COMMANDS else made
            return made(**options) if kind == "local" else made(_name(hostspec, name), **options)
        except (RuntimeError, ImportError, TypeError) as error:
            raise TransportError("config", self.node, f"{hostspec}: {clean(str(error))}") from None

    def _bounded(self, made: type[BaseBackend]) -> type[BaseBackend]:
        connection = self

        class Bounded(made):  # type: ignore[misc] # testinfra ships no types
            """The backend, with its local commands run by us."""

            def run_local(self, command: str, *args: str) -> CommandResult:
                """Run the command that reaches the node."""
                line = self.quote(command, *args)
                done = connection._process(line)
                status = -1 if done.exit_status is None else done.exit_status
                return self.result(status, line.encode(), done.stdout, done.stderr)

            def decode(self, data: bytes) -> str:
                return data.decode("utf-8", errors="backslashreplace")

            def encode(self, data: str) -> bytes:
                return data.encode("utf-8", errors="surrogateescape")

        return Bounded

    def _process(self, line: str) -> Completed:
        stdin, deadline, limit = self._job or (b"", Deadline.after(_SECONDS), LIMIT)
        if self._scheme in _NEED_I:
            line = re.sub(r"\bexec ", "exec -i ", line, count=1)
        self._running = process = Process(line, stdin, limit)
        in_time = process.run(deadline)
        self._running, self._done = None, process.completed()
        if not in_time:
            raise self._late(self._done)
        return self._done

    def _run(self, command: str, stdin: bytes, deadline: Deadline, limit: int) -> Completed:
        if self._scheme in _COMMANDS:
            self.backend.run(command)
            assert self._done is not None  # noqa: S101 - run() has just set it
            return self._done
        return self._threaded(_with_input(command, stdin), deadline, limit)

    def _threaded(self, command: str, deadline: Deadline, limit: int) -> Completed:
        results: list[CommandResult | Exception] = []

        def work() -> None:
            try:
                results.append(self.backend.run(command))
            except Exception as error:  # noqa: BLE001 - whatever a foreign library raises is one line to us
                results.append(error)

        thread = threading.Thread(target=work, name="kdumpcheck-foreign", daemon=True)
        start = Deadline.after(0)
        thread.start()
        thread.join(deadline.remaining())
        if not results:
            raise self._late(Completed(None, b"", b"", truncated=False, seconds=-start.at + deadline.at))
        result = results[0]
        if isinstance(result, Exception):
            raise TransportError("exec", self.node, f"{self._hostspec}: {clean(str(result))}")
        return _bounded(result, limit, Deadline.after(0).at - start.at)

    def _late(self, partial: Completed) -> TransportError:
        text = f"the command through {self._hostspec} did not end within {partial.seconds:.0f} s"
        return TransportError("exec-timeout", self.node, text, partial)


def query_of(node: Node, user: str | None = None) -> Query:
    """Whom to reach by SSH: as the inventory says, or as a host specification does (ssh://user@host:port).

    `user` is for a node that names none.
    """
    key = Path(node.identity_file) if node.identity_file else None
    if node.hostspec is None:
        return Query(node.name, node.address, node.port, node.user or user, key)
    spec = BaseBackend.parse_hostspec(node.hostspec.partition("://")[2].partition("?")[0])
    port = int(spec.port) if spec.port and spec.port.isdecimal() else node.port
    return Query(node.name, node.address or spec.name, port, spec.user or node.user or user, key)


def _name(hostspec: str, name: str) -> str:
    # urlparse() puts a chroot's path after the (empty) host: chroot:///srv/image.
    path = hostspec.partition("://")[2].partition("?")[0]
    return name or path


def _with_input(command: str, stdin: bytes) -> str:
    # These backends have no stdin: a here-document is one, for text.
    if not stdin:
        return command
    return (
        f"{command} <<'kdumpcheck-end-of-input'\n{stdin.decode('utf-8', 'surrogateescape')}\nkdumpcheck-end-of-input\n"
    )


def _bounded(result: Any, limit: int, seconds: float) -> Completed:  # noqa: ANN401 - testinfra ships no types
    stdout, stderr = result.stdout_bytes, result.stderr_bytes
    cut = len(stdout) > limit or len(stderr) > limit
    return Completed(result.rc, stdout[:limit], stderr[:limit], cut, seconds)
