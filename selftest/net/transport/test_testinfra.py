# SPDX-License-Identifier: Apache-2.0
"""testinfra on our connection, and testinfra's other backends as connections."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import testinfra.backend
from selftest.net.faults import FOREVER, LATER, SOON, within
from selftest.net.sshd import Sshd
from selftest.net.world import OPTIONS, User, world
from testinfra.backend.base import BaseBackend, CommandResult

from kdumpcheck import transport as kt  # its testinfra_... functions would be taken for tests here
from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]

FAKE_DOCKER = """#!/bin/sh
# docker exec [-i] NAME /bin/sh -c COMMAND, on this machine: stdin is passed on only with -i.
shift
if [ "$1" = -i ]; then shift; shift; exec "$@"; fi
shift; exec "$@" </dev/null
"""


def test_testinfras_own_words_on_the_one_connection(start: Start, transport_of: Make, tmp_path: Path) -> None:
    server = start()
    connection = transport_of(server.settings()).connect(server.node(), Deadline.after(LATER))
    before = connection.run("echo raw", deadline=Deadline.after(LATER))
    host = kt.testinfra_host(connection)
    (tmp_path / "file").write_bytes(b"caf\xc3\xa9 \xff\n")
    assert host.file(str(tmp_path / "file")).exists
    assert host.file(str(tmp_path / "file")).mode == 0o644
    assert host.file(str(tmp_path / "file")).content == b"caf\xc3\xa9 \xff\n"
    assert host.run("cat %s", str(tmp_path / "file")).stdout == "café \\xff\n"
    assert not host.service("no-such-service").is_running
    assert host.run("exit 255").rc == 255
    assert host.check_output("echo '%s'", "a b") == "a b"
    assert host.system_info.type == "linux"
    assert before.stdout == b"raw\n"
    assert (server.connections(), server.logins()) == (1, 1)


def test_testinfra_takes_five_megabytes_of_stderr(sshd: Sshd, transport_of: Make) -> None:
    host = kt.testinfra_host(transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER)))
    assert len(host.run("yes | head -c 5000000 >&2").stderr) == 5_000_000


def test_testinfra_has_a_deadline_and_a_limit(sshd: Sshd, transport_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = kt.testinfra_host(transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER)))
    with pytest.raises(TransportError, match="says more than"):
        host.run("yes | head -c 20000000")
    monkeypatch.setattr(host.backend, "_seconds", SOON)
    with within(SOON), pytest.raises(TransportError) as caught:
        host.run(f"sleep {FOREVER}")
    assert caught.value.kind == "exec-timeout"


def test_testinfras_sudo(start: Start, transport_of: Make, tmp_path: Path) -> None:
    users = (User("free", sudoers="ALL=(ALL) NOPASSWD: ALL"), User("bound"))
    server = start(options=OPTIONS, prepare=world(tmp_path / "own" / "world", *users))
    transport = transport_of(server.settings(sudo=True))
    free = kt.testinfra_host(transport.connect(server.node(user="free"), Deadline.after(LATER)))
    assert free.check_output("id -un") == "root"
    with free.sudo("free"):
        assert free.check_output("id -un") == "free"
    bound = kt.testinfra_host(transport.connect(server.node(user="bound"), Deadline.after(LATER)))
    assert "password is required" in bound.run("id -un").stderr


def test_this_machine_as_a_node() -> None:
    connection = kt.testinfra_connection("local://")
    done = connection.run("cat; echo e >&2; exit 4", stdin=b"\0\xff" * 200_000, deadline=Deadline.after(LATER))
    assert (done.exit_status, done.stdout, done.stderr) == (4, b"\0\xff" * 200_000, b"e\n")
    assert connection.run_as_root("id -u", deadline=Deadline.after(LATER)).stdout == b"0\n"
    assert kt.testinfra_host(connection).file("/etc/passwd").is_file


def test_this_machine_is_bounded_too(tmp_path: Path) -> None:
    connection = kt.testinfra_connection("local://", "here")
    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run(f"echo $$ > {tmp_path}/pid; echo begun; sleep {FOREVER}; true", deadline=Deadline.after(SOON))
    assert (caught.value.kind, caught.value.node) == ("exec-timeout", "here")
    assert caught.value.partial is not None
    assert caught.value.partial.stdout == b"begun\n"
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()
    flood = connection.run("yes", deadline=Deadline.after(LATER), limit=1000)
    assert (flood.exit_status, len(flood.stdout), flood.truncated) == (None, 1000, True)


def test_a_chroot_as_a_node(transport_of: Make) -> None:
    transport = transport_of(SshSettings(ssh_config=Path("none")))
    connection = transport.connect(Node("image", hostspec="chroot:///"), Deadline.after(LATER))
    assert connection.origin == "chroot:///"
    done = connection.run_as_root("pwd; cat /etc/hostname >/dev/null", deadline=Deadline.after(LATER))
    assert (done.exit_status, done.stdout) == (0, b"/\n")


@pytest.mark.parametrize("scheme", ["docker", "podman"])
def test_a_container_as_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    fake = tmp_path / scheme
    fake.write_text(FAKE_DOCKER)
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    connection = kt.testinfra_connection(f"{scheme}://name")
    assert connection.run_as_root("echo it\\'s $((6*7))", deadline=Deadline.after(LATER)).stdout == b"it's 42\n"


class Elsewhere(BaseBackend):  # type: ignore[misc] # testinfra ships no types
    """A backend without a local command, as salt's and ansible's."""

    NAME = "elsewhere"

    def __init__(self, name: str, **options: object) -> None:
        super().__init__(name)

    def run(self, command: str, *args: str, **kwargs: object) -> CommandResult:
        if "broken" in self.hostname:
            raise ValueError("no minion\nof that name")
        done = subprocess.run(command, shell=True, capture_output=True, check=False)
        return self.result(done.returncode, command.encode(), done.stdout, done.stderr)


def test_a_backend_that_runs_its_command_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(testinfra.backend.BACKENDS, "elsewhere", f"{__name__}.Elsewhere")
    connection = kt.testinfra_connection("elsewhere://minion")
    done = connection.run_as_root("echo it\\'s $((6*7)); exit 3", deadline=Deadline.after(LATER))
    assert (done.exit_status, done.stdout) == (3, b"it's 42\n")
    cut = connection.run("echo 123456", deadline=Deadline.after(LATER), limit=3)
    assert (cut.stdout, cut.truncated) == (b"123", True)
    with within(0.5), pytest.raises(TransportError) as late:
        connection.run(f"sleep {FOREVER}", deadline=Deadline.after(0.5))
    assert late.value.kind == "exec-timeout"
    with pytest.raises(TransportError, match="no minion of that name"):
        kt.testinfra_connection("elsewhere://broken").run("true", deadline=Deadline.after(LATER))


def test_closing_wakes_whoever_waits_here() -> None:
    connection = kt.testinfra_connection("local://")
    threading.Timer(0.5, connection.close).start()
    with within(0.5):
        done = connection.run(f"sleep {FOREVER}; true", deadline=Deadline.after(FOREVER))
    assert done.exit_status is None


def test_hostspecs_that_mean_ssh(sshd: Sshd, transport_of: Make) -> None:
    transport = transport_of(sshd.settings())
    node = Node("ncn-w001", hostspec=f"paramiko://root@{sshd.address}:{sshd.port}")
    done = transport.connect(node, Deadline.after(LATER)).run("echo there", deadline=Deadline.after(LATER))
    assert done.stdout == b"there\n"


@pytest.mark.parametrize(
    ("hostspec", "said"),
    [
        ("salt://minion", "install salt"),
        ("nonsense://x", "Unknown connection type"),
    ],
)
def test_backends_that_cannot_be_used(transport_of: Make, hostspec: str, said: str) -> None:
    transport = transport_of(SshSettings(ssh_config=Path("none")))
    with pytest.raises(TransportError, match=said) as caught:
        transport.connect(Node("ncn-w001", hostspec=hostspec), Deadline.after(LATER))
    assert caught.value.kind == "config"
