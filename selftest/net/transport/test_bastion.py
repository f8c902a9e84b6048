# SPDX-License-Identifier: Apache-2.0
"""ProxyJump and ProxyCommand: one shared connection to each bastion, whatever the number of nodes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from selftest.net.faults import ADDRESS, FOREVER, LATER, SOON, black_hole, mute, until, within
from selftest.net.ports import reserve
from selftest.net.sshd import Sshd

from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]

NODES = 50


def config(path: Path, *hosts: tuple[str, Sshd], rest: str = "") -> Path:
    """An ssh_config that knows these servers by name."""
    text = "GlobalKnownHostsFile none\nIdentitiesOnly yes\n"
    for name, server in hosts:
        text += (
            f"Host {name}\n HostName {server.address}\n Port {server.port}\n User root\n"
            f" IdentityFile {server.user_key}\n UserKnownHostsFile {server.known_hosts}\n"
        )
    path.write_text(text + rest)
    return path


@pytest.fixture
def bastion(start: Start) -> Sshd:
    return start("bastion", address="127.0.0.2")


def test_fifty_nodes_share_one_connection_to_the_bastion(
    sshd: Sshd, bastion: Sshd, tmp_path: Path, transport_of: Make
) -> None:
    path = config(tmp_path / "config", ("bastion", bastion), ("ncn-*", sshd), rest="Host ncn-*\n ProxyJump bastion\n")
    transport = transport_of(SshSettings(ssh_config=path, connect_timeout=LATER))
    before = sshd.logins()

    def look(number: int) -> bytes:
        connection = transport.connect(Node(f"ncn-w{number:03}"), Deadline.after(LATER))
        try:
            return connection.run(f"echo {number} $SSH_CONNECTION", deadline=Deadline.after(LATER)).stdout
        finally:
            connection.close()

    with ThreadPoolExecutor(NODES) as pool:
        answers = list(pool.map(look, range(NODES)))
    assert [int(answer.split()[0]) for answer in answers] == list(range(NODES))
    assert {answer.split()[1] for answer in answers} == {b"127.0.0.1"}, "the bastion dials, not we"
    assert (bastion.connections(), bastion.logins()) == (1, 1)
    assert sshd.logins() - before == NODES


def test_two_hops(sshd: Sshd, bastion: Sshd, start: Start, tmp_path: Path, transport_of: Make) -> None:
    second = start("second", address="127.0.0.3")
    path = config(
        tmp_path / "config",
        ("outer", bastion),
        ("inner", second),
        ("ncn-*", sshd),
        rest="Host ncn-*\n ProxyJump outer,inner\n",
    )
    transport = transport_of(SshSettings(ssh_config=path, connect_timeout=LATER))
    for name in ("ncn-w001", "ncn-w002"):
        done = transport.connect(Node(name), Deadline.after(LATER)).run("echo there", deadline=Deadline.after(LATER))
        assert done.stdout == b"there\n"
    assert (bastion.logins(), second.logins()) == (1, 1)
    assert b"from 127.0.0.1" in second.log.read_bytes()


def test_a_bastion_may_have_a_bastion(
    sshd: Sshd, bastion: Sshd, start: Start, tmp_path: Path, transport_of: Make
) -> None:
    second = start("second", address="127.0.0.3")
    rest = "Host ncn-*\n ProxyJump inner\nHost inner\n ProxyJump outer\n"
    path = config(tmp_path / "config", ("outer", bastion), ("inner", second), ("ncn-*", sshd), rest=rest)
    done = transport_of(SshSettings(ssh_config=path, connect_timeout=LATER)).connect(
        Node("ncn-w001"), Deadline.after(LATER)
    )
    assert done.run("echo there", deadline=Deadline.after(LATER)).stdout == b"there\n"
    assert (bastion.logins(), second.logins()) == (1, 1)


def test_what_the_bastion_cannot_reach_is_called_by_its_name(
    sshd: Sshd, bastion: Sshd, tmp_path: Path, transport_of: Make
) -> None:
    closed = reserve(ADDRESS)
    with black_hole() as hole, mute() as silent:
        path = config(
            tmp_path / "config",
            ("bastion", bastion),
            rest=(
                "Host *\n ProxyJump bastion\n"
                f"Host closed*\n HostName {ADDRESS}\n Port {closed}\n"
                f"Host hole*\n HostName {ADDRESS}\n Port {hole}\n"
                f"Host silent*\n HostName {ADDRESS}\n Port {silent}\n"
                "Host bastion\n ProxyJump none\n"
            ).replace("Host *\n", "Host closed* hole* silent* unknown*\n"),
        )
        transport = transport_of(SshSettings(ssh_config=path, retries=0, connect_timeout=LATER))

        def kind(name: str) -> tuple[str, str]:
            with pytest.raises(TransportError) as caught:
                transport.connect(Node(name), Deadline.after(10))
            return name.rstrip("0123456789"), caught.value.kind

        names = [f"{name}{number}" for number in range(8) for name in ("closed", "hole", "silent", "unknown")]
        # One after the other, the sixteen that do not answer would take 160 s.
        with within(10), ThreadPoolExecutor(len(names)) as pool:
            kinds = set(pool.map(kind, names))
    assert kinds == {
        ("closed", "refused"),
        ("hole", "unreachable"),
        ("silent", "silent"),
        ("unknown", "unreachable"),
    }
    assert bastion.logins() == 1


@pytest.mark.parametrize("hops", ["bastion", "bastion,second"])
def test_a_bastion_that_is_down_costs_all_nodes_one_attempt(tmp_path: Path, transport_of: Make, hops: str) -> None:
    with mute() as port:
        path = tmp_path / "config"
        path.write_text(
            f"Host bastion\n HostName {ADDRESS}\n Port {port}\n ConnectTimeout 5\n"
            f"Host ncn-*\n ProxyJump {hops}\n HostName 127.0.0.1\n"
        )
        transport = transport_of(SshSettings(ssh_config=path, known_hosts=tmp_path / "none"))

        def look(number: int) -> TransportError:
            with pytest.raises(TransportError) as caught:
                transport.connect(Node(f"ncn-w{number:03}"), Deadline.after(LATER))
            return caught.value

        # One after the other, they would take 100 s.
        with within(5), ThreadPoolExecutor(20) as pool:
            errors = list(pool.map(look, range(20)))
    assert {error.kind for error in errors} == {"silent"}
    assert "bastion bastion: " in str(errors[0])


def test_a_bastion_that_was_cut_is_dialled_again(sshd: Sshd, bastion: Sshd, tmp_path: Path, transport_of: Make) -> None:
    path = config(tmp_path / "config", ("bastion", bastion), ("ncn-*", sshd), rest="Host ncn-*\n ProxyJump bastion\n")
    transport = transport_of(SshSettings(ssh_config=path, connect_timeout=LATER))
    first = transport.connect(Node("ncn-w001"), Deadline.after(LATER))
    transport._links._bastions[(f"root@{bastion.address}:{bastion.port}",)].wire.close()  # type: ignore[union-attr]
    until(lambda: not first._wire.is_active(), "the cut is seen")  # type: ignore[attr-defined] # what is to be cut
    assert first.run("echo again", deadline=Deadline.after(LATER)).stdout == b"again\n"
    assert bastion.logins() == 2


def test_a_bastion_that_does_not_forward(sshd: Sshd, start: Start, tmp_path: Path, transport_of: Make) -> None:
    bastion = start("strict", address="127.0.0.2", options="AllowTcpForwarding no")
    path = config(tmp_path / "config", ("bastion", bastion), ("ncn-*", sshd), rest="Host ncn-*\n ProxyJump bastion\n")
    with pytest.raises(TransportError, match=r"does not forward to .* AllowTcpForwarding"):
        transport_of(SshSettings(ssh_config=path, connect_timeout=LATER)).connect(
            Node("ncn-w001"), Deadline.after(LATER)
        )


def test_a_jump_that_leads_to_itself(tmp_path: Path, transport_of: Make) -> None:
    path = tmp_path / "config"
    path.write_text("Host *\n ProxyJump bastion\n")
    with pytest.raises(TransportError, match="round in circles") as caught:
        transport_of(SshSettings(ssh_config=path, connect_timeout=LATER)).connect(
            Node("ncn-w001"), Deadline.after(LATER)
        )
    assert caught.value.kind == "config"


def test_a_proxy_command_carries_the_connection_and_ends_with_it(
    sshd: Sshd, tmp_path: Path, transport_of: Make
) -> None:
    pid = tmp_path / "pid"
    proxy = tmp_path / "proxy"
    # What netcat would do; Python is here for sure.
    proxy.write_text(f"""#!/usr/bin/env python3
import os, select, socket, sys
open({str(pid)!r}, "w").write(str(os.getpid()))
sock = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for ready in select.select([0, sock], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else sock.recv(65536)
        if not data:
            sys.exit()
        (sock.sendall if ready == 0 else lambda d: os.write(1, d))(data)
""")
    proxy.chmod(0o755)
    path = config(tmp_path / "config", ("ncn-*", sshd), rest=f"Host ncn-*\n ProxyCommand {proxy} %h %p\n")
    connection = transport_of(SshSettings(ssh_config=path, connect_timeout=LATER)).connect(
        Node("ncn-w001"), Deadline.after(LATER)
    )
    assert connection.run("echo there", deadline=Deadline.after(LATER)).stdout == b"there\n"
    assert Path(f"/proc/{pid.read_text()}").exists()
    connection.close()
    assert not Path(f"/proc/{pid.read_text()}").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("echo the tunnel is down >&2; exit 1", "(ProxyCommand: the tunnel is down)"),
        ("exec no-such-program", "not found)"),
    ],
)
def test_a_proxy_command_that_fails_is_quoted(
    sshd: Sshd, tmp_path: Path, transport_of: Make, command: str, said: str
) -> None:
    path = config(tmp_path / "config", ("ncn-*", sshd), rest=f"Host ncn-*\n ProxyCommand sh -c '{command}'\n")
    with pytest.raises(TransportError) as caught:
        transport_of(SshSettings(ssh_config=path, retries=0, connect_timeout=LATER)).connect(
            Node("ncn-w001"), Deadline.after(LATER)
        )
    assert caught.value.kind == "cut"
    assert said in str(caught.value)


def test_a_proxy_command_that_hangs_is_ended(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    rest = f"Host ncn-*\n ProxyCommand sh -c 'echo $$ > {tmp_path}/pid; sleep {FOREVER}; true'\n"
    path = config(tmp_path / "config", ("ncn-*", sshd), rest=rest)
    with within(SOON), pytest.raises(TransportError) as caught:
        transport_of(SshSettings(ssh_config=path, connect_timeout=LATER)).connect(
            Node("ncn-w001"), Deadline.after(SOON)
        )
    assert caught.value.kind == "silent"
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
