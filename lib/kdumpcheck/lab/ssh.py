# SPDX-License-Identifier: Apache-2.0
"""Reaching a lab node over SSH: the configuration everybody uses, and the lab's own short commands."""

from __future__ import annotations

import socket
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.addresses import SSH_PORT
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

USER: Final = "root"
_LIMIT: Final = 4000
_LOOK_EVERY: Final = 0.2

_FOR_ALL: Final = """\
# The nodes of the kdumpcheck lab. Written by `kdumpcheck lab up`, removed by `kdumpcheck lab down`.
Host *
    User {user}
    Port {port}
    IdentityFile {key}
    IdentitiesOnly yes
    UserKnownHostsFile {known_hosts}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    UpdateHostKeys no
    PasswordAuthentication no
    ConnectTimeout 30
    ServerAliveInterval 15
    ServerAliveCountMax 4
"""


def config(addresses: Mapping[str, str], key: Path, known_hosts: Path) -> str:
    """An ssh_config that reaches every node by its name."""
    nodes = "".join(f"Host {name}\n    HostName {address}\n" for name, address in addresses.items())
    shared = _FOR_ALL.format(user=USER, port=SSH_PORT, key=_quoted(key), known_hosts=_quoted(known_hosts))
    return nodes + shared


def known_hosts(addresses: Mapping[str, str], host_key: str) -> str:
    """The known_hosts file of the nodes, which share the image's host key."""
    return "".join(f"{name},[{address}]:{SSH_PORT} {host_key}\n" for name, address in addresses.items())


def _quoted(path: Path) -> str:
    # ssh_config(5): an argument with blanks stands in double quotes; % begins a token.
    return '"' + str(path).replace("%", "%%") + '"'


@dataclass(frozen=True, slots=True)
class Ssh:
    """Runs commands on nodes as root, with the lab's ssh_config."""

    config: Path

    def argv(self, node: str, command: Sequence[str] = ()) -> list[str]:
        """The openssh command line for an operator: a terminal without a command, that command otherwise."""
        return ["ssh", "-F", str(self.config), node, *command]

    def run(self, node: str, script: str, *, seconds: float, what: str) -> str:
        """Run a piece of POSIX sh as root; its output, as text.

        It is read by `sh` from its standard input, so nothing needs quoting. Raises `LabError` when it fails or
        takes longer than `seconds`; `what` says in the message what was tried.
        """
        done = self._sh(node, script, seconds, what)
        if done.returncode != 0:
            raise LabError(f"{node}: {what}: {_last_line(done.stderr) or f'exit status {done.returncode}'}")
        return done.stdout.decode("utf-8", "backslashreplace")

    def fetch(self, node: str, script: str, target: Path, *, seconds: float, what: str) -> None:
        """Run a piece of sh and keep its output in a file; raises `LabError`."""
        done = self._sh(node, script, seconds, what)
        if done.returncode != 0 or not done.stdout:
            raise LabError(f"{node}: {what}: {_last_line(done.stderr) or 'it gave nothing'}")
        target.write_bytes(done.stdout)

    def _sh(self, node: str, script: str, seconds: float, what: str) -> subprocess.CompletedProcess[bytes]:
        argv = ["ssh", "-F", str(self.config), "-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-T", node, "sh -eu -s"]
        return run_bounded(argv, script.encode(), Deadline(seconds, f"{node}: {what}"))


def speaks(address: str) -> bool:
    """Whether sshd really speaks there; a port that only accepts is no sign of life.

    QEMU's user network accepts by itself and tries the guest later, so a try is short, and the next one made anew.
    """
    try:
        with socket.create_connection((address, SSH_PORT), timeout=2.0) as connection:
            connection.settimeout(2.0)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def run_bounded(argv: Sequence[str], given: bytes, deadline: Deadline) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end; raises `LabError` and ends it when the deadline passes or the operator interrupts."""
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        child = subprocess.Popen(argv, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    with child:
        try:
            output, errors = _communicate(child, deadline)
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(argv, child.returncode, output, errors)


def _communicate(child: subprocess.Popen[bytes], deadline: Deadline) -> tuple[bytes, bytes]:
    while True:
        try:
            return child.communicate(timeout=_LOOK_EVERY)
        except subprocess.TimeoutExpired:
            deadline.check()


def _last_line(output: bytes) -> str:
    """The last thing a node said, made safe to print."""
    lines = output[-_LIMIT:].decode("utf-8", "backslashreplace").strip().splitlines()
    return "".join(char if char.isprintable() else "?" for char in lines[-1]) if lines else ""
