# SPDX-License-Identifier: Apache-2.0
"""What tests against a real sshd share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import paramiko
import pytest
from selftest.net.sshd import Sshd

from kdumpcheck.transport import SshSettings, Transport


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """One ordinary sshd for all tests that do not change it."""
    with Sshd(tmp_path_factory.mktemp("sshd"), host_keys=("ed25519", "rsa", "ecdsa")) as server:
        yield server


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """Start an sshd of one's own: `start("name", options="...")`."""
    started: list[Sshd] = []

    def begin(name: str = "own", **options: object) -> Sshd:
        server = Sshd(tmp_path / name, **options)  # type: ignore[arg-type] # passed on as they are
        started.append(server)
        return server.__enter__()

    yield begin
    for server in started:
        server.__exit__()


@pytest.fixture
def transport_of() -> Iterator[Callable[[SshSettings], Transport]]:
    """Make a Transport that is closed at the end, and see that it leaves no thread behind."""
    before = set(threading.enumerate())
    made: list[Transport] = []

    def make(settings: SshSettings) -> Transport:
        made.append(Transport(settings))
        return made[-1]

    yield make
    for transport in made:
        transport.close()
    for thread in set(threading.enumerate()) - before:
        if isinstance(thread, paramiko.Transport) or thread.name == "kdumpcheck-watchdog":
            thread.join(60)
            assert not thread.is_alive(), f"left behind: {thread.name}"
