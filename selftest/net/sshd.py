# SPDX-License-Identifier: Apache-2.0
"""A private sshd for tests: own keys, own address on loopback, own log; ended by process id."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from selftest.net.faults import LATER
from selftest.net.ports import reserve

from kdumpcheck.nodes import Node
from kdumpcheck.transport import SshSettings

SSHD = "/usr/sbin/sshd"
#: Without it every exec as root would run the ~/.bashrc of whoever runs the tests.
_QUIET_HOME = "Match User root\nSetEnv HOME=/nonexistent"


class Sshd:
    """One sshd of ours, on an address of 127.0.0.0/8 and a port of its own.

    `options` are lines of sshd_config; `host_keys` the types of host key to make; `prepare` is shell run in a
    mount namespace of its own before sshd starts there (a private /etc/passwd, say).
    """

    def __init__(
        self,
        root: Path,
        *,
        address: str = "127.0.0.1",
        port: int = 0,
        options: str = "",
        host_keys: tuple[str, ...] = ("ed25519",),
        prepare: str = "",
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root, self.address, self.prepare = root, address, prepare
        self.port = port or reserve(address)
        self.log = root / "log"
        self.user_key = keygen(root / "user_key")
        self.host_keys = [keygen(root / f"host_{kind}", kind) for kind in host_keys]
        self.known_hosts = root / "known_hosts"
        self.known_hosts.write_text("".join(f"{self.known_as} {public(key)}\n" for key in self.host_keys))
        self.authorized_keys = root / "authorized_keys"
        self.authorized_keys.write_text(f"{public(self.user_key)}\n")
        self.config = root / "sshd_config"
        self.config.write_text(self._config(options))
        self.ssh_config = root / "ssh_config"
        self.ssh_config.write_text(f"IdentitiesOnly yes\nIdentityFile {self.user_key}\nGlobalKnownHostsFile none\n")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def known_as(self) -> str:
        """How known_hosts calls it."""
        return f"[{self.address}]:{self.port}"

    def _config(self, options: str) -> str:
        keys = "".join(f"HostKey {key}\n" for key in self.host_keys)
        return (
            f"{options}\n"  # first, because sshd takes the first value of each keyword
            f"ListenAddress {self.address}\nPort {self.port}\n{keys}"
            f"AuthorizedKeysFile {self.authorized_keys}\nStrictModes no\nUsePAM no\nPidFile none\nUseDNS no\n"
            "PermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            "MaxStartups 500\nMaxSessions 500\nLogLevel VERBOSE\n"
            f"{_QUIET_HOME}\n"
        )

    def __enter__(self) -> Self:
        """Start it and wait until it listens."""
        require(SSHD, "openssh-server")
        assert os.geteuid() == 0, "sshd has to log users in: run the tests as root"
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # what the service unit would have made
        argv = [SSHD, "-D", "-e", "-f", str(self.config)]
        if self.prepare:
            script = f"{self.prepare}\nexec {' '.join(argv)}"
            argv = ["unshare", "--mount", "--propagation", "private", "/bin/sh", "-ec", script]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait_until_it_listens()
        return self

    def _wait_until_it_listens(self) -> None:
        assert self._process is not None
        end = time.monotonic() + 60
        while "Server listening" not in self.log.read_text(errors="replace"):
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"sshd does not start:\n{self.log.read_text(errors='replace')}")
            time.sleep(0.02)

    def __exit__(self, *_: object) -> None:
        """End it, with its sessions and what they run."""
        if self._process is None:
            return
        processes = [self._process.pid, *descendants(self._process.pid)]
        for pid in processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(60)
        self._process = None

    def freeze(self) -> None:
        """Stop its sessions, as a hung node does: the kernel still answers, nobody else does."""
        assert self._process is not None
        for pid in descendants(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)

    def settings(self, **changes: Any) -> SshSettings:  # noqa: ANN401 - whatever replace() takes
        """Settings with which a client gets in, however busy this machine is."""
        ours = SshSettings(ssh_config=self.ssh_config, known_hosts=self.known_hosts, user="root", connect_timeout=LATER)
        return replace(ours, **changes)

    def node(self, name: str = "ncn-w001", **changes: Any) -> Node:  # noqa: ANN401 - whatever replace() takes
        """This sshd as a node."""
        return replace(Node(name, address=self.address, port=self.port), **changes)

    def logins(self) -> int:
        """How many logins it has accepted."""
        return len(re.findall(r"^Accepted (?!key |certificate )", self.log.read_text(errors="replace"), re.MULTILINE))

    def connections(self) -> int:
        """How many connections it has seen, good or bad."""
        return len(re.findall(r"^Connection from ", self.log.read_text(errors="replace"), re.MULTILINE))


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key pair; RSA as small as it may be, because a test needs no strength."""
    require("ssh-keygen", "openssh-client")
    size = ["-b", "2048"] if kind == "rsa" else []
    argv = ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "test", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return path


def public(key: Path) -> str:
    """The type and the base64 of a public key."""
    return " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])


def sign(authority: Path, key: Path, *options: str) -> Path:
    """Have an authority certify a key; the certificate."""
    argv = ["ssh-keygen", "-q", "-s", str(authority), "-I", "test", *options, f"{key}.pub"]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return key.with_name(f"{key.name}-cert.pub")


def require(program: str, package: str) -> None:
    """Fail, with the line that mends it, when a program is not there."""
    if shutil.which(program) is None:
        raise AssertionError(f"{program} is not installed: apt-get install {package}")


def descendants(pid: int) -> list[int]:
    """The processes a process has started, and those have started."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found
