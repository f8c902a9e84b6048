# SPDX-License-Identifier: Apache-2.0
"""Every way in which a node fails to answer costs its own time and no more, and is called by its name."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.net.faults import (
    ADDRESS,
    FOREVER,
    LATER,
    SOON,
    Relay,
    black_hole,
    hanging_up,
    mute,
    until,
    within,
)
from selftest.net.ports import reserve
from selftest.net.sshd import Sshd, keygen, public, require

from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]


def failure(transport: Transport, node: Node, seconds: float, kind: str) -> TransportError:
    with within(seconds), pytest.raises(TransportError) as caught:
        transport.connect(node, Deadline.after(seconds))
    error = caught.value
    assert error.kind == kind, str(error)
    assert error.node == node.name
    assert str(error).startswith(f"{node.name}: ")
    assert "\n" not in str(error)
    return error


def test_a_closed_port_is_refused_and_tried_again(sshd: Sshd, transport_of: Make) -> None:
    port = reserve(ADDRESS)
    error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), LATER, "refused")
    assert len(error.attempts) == 2
    assert f"{ADDRESS}:{port} refuses connections" in str(error)
    assert str(error).endswith("(tried 3 times)")


def test_a_black_hole_is_unreachable_and_not_tried_again(sshd: Sshd, transport_of: Make) -> None:
    with black_hole() as port:
        error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), SOON, "unreachable")
    assert error.attempts == ()
    assert "does not answer" in str(error)


def test_the_connect_timeout_is_kept_within_a_long_deadline(sshd: Sshd, transport_of: Make) -> None:
    transport = transport_of(sshd.settings(connect_timeout=SOON))
    with black_hole() as port, within(SOON), pytest.raises(TransportError) as caught:
        transport.connect(Node("ncn-w009", ADDRESS, port), Deadline.after(FOREVER))
    assert caught.value.kind == "unreachable"


def test_ssh_configs_own_connect_timeout_counts(sshd: Sshd, transport_of: Make) -> None:
    sshd_config = sshd.root / "with_timeout"
    sshd_config.write_text(f"ConnectTimeout {SOON:.0f}\n" + sshd.ssh_config.read_text())
    transport = transport_of(sshd.settings(ssh_config=sshd_config))
    with mute() as port, within(SOON), pytest.raises(TransportError) as caught:
        transport.connect(Node("ncn-w009", ADDRESS, port), Deadline.after(FOREVER))
    assert caught.value.kind == "silent"


def test_a_server_that_says_nothing_is_silent(sshd: Sshd, transport_of: Make) -> None:
    with mute() as port:
        error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), SOON, "silent")
    assert "accepts the connection and says nothing" in str(error)


def test_a_server_that_stops_after_its_banner_is_silent(sshd: Sshd, transport_of: Make) -> None:
    with mute(b"SSH-2.0-OpenSSH_9.2\r\n") as port:
        error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), SOON, "silent")
    assert "says 'SSH-2.0-OpenSSH_9.2' and then nothing" in str(error)


def test_a_server_that_stops_before_its_banner_line_ends_is_silent(sshd: Sshd, transport_of: Make) -> None:
    with mute(b"SSH-2.0") as port:
        failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), SOON, "silent")


def test_a_server_that_hangs_up_at_once_is_tried_again(sshd: Sshd, transport_of: Make) -> None:
    with hanging_up() as port:
        error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), LATER, "cut")
    assert len(error.attempts) == 2
    assert "MaxStartups" in str(error)


def test_what_is_not_ssh_is_said_to_be_so(sshd: Sshd, transport_of: Make) -> None:
    endless = b"HTTP/1.1 400 Bad Request\x1b[31m\r\n" * 200
    with mute(endless) as port:
        error = failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), LATER, "protocol")
    assert "\x1b" not in str(error)


def test_an_endless_banner_is_not_kept_in_memory(sshd: Sshd, transport_of: Make) -> None:
    with mute(b"x" * 10_000_000) as port:
        failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), LATER, "protocol")


def test_a_huge_packet_is_refused(sshd: Sshd, transport_of: Make) -> None:
    with mute(b"SSH-2.0-x\r\n\x7f\xff\xff\xf0" + b"\0" * 4096) as port:
        failure(transport_of(sshd.settings()), Node("ncn-w009", ADDRESS, port), LATER, "protocol")


def test_a_name_that_nobody_knows(sshd: Sshd, transport_of: Make) -> None:
    error = failure(transport_of(sshd.settings(retries=0)), Node("no-such-node.invalid"), LATER, "resolve")
    assert "'no-such-node.invalid'" in str(error)


def test_a_login_that_stalls_is_silent(start: Start, transport_of: Make) -> None:
    # AuthorizedKeysCommand stands for a name service or a home file system that hangs.
    server = start(
        options=f"AuthorizedKeysCommand /bin/sleep {FOREVER}\nAuthorizedKeysCommandUser root\nAuthorizedKeysFile none"
    )
    error = failure(transport_of(server.settings()), server.node(), SOON, "silent")
    assert "stalls while logging in" in str(error)


def test_a_key_that_is_not_let_in(start: Start, transport_of: Make) -> None:
    server = start()
    server.authorized_keys.write_text("")
    error = failure(transport_of(server.settings()), server.node(), LATER, "auth")
    assert error.attempts == ()
    assert f"does not let root in: tried {server.user_key}. Try: ssh -p {server.port} root@" in str(error)
    assert server.connections() == 1, "a refused key must not be offered a second time"


def test_no_key_at_all(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    config = tmp_path / "config"
    config.write_text("IdentityFile none\nIdentityAgent none\nGlobalKnownHostsFile none\n")
    error = failure(transport_of(sshd.settings(ssh_config=config)), sshd.node(), LATER, "auth")
    assert "tried no key at all; it allows publickey" in str(error)


def test_too_many_keys_says_what_the_server_said(start: Start, tmp_path: Path, transport_of: Make) -> None:
    server = start(options="MaxAuthTries 2")
    keys = [keygen(tmp_path / f"wrong{number}") for number in range(3)]
    config = tmp_path / "config"
    config.write_text("".join(f"IdentityFile {key}\n" for key in keys) + "IdentityAgent none\n")
    error = failure(transport_of(server.settings(ssh_config=config)), server.node(), LATER, "auth")
    assert "Too many authentication failures" in str(error)


def test_a_host_key_never_seen(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    empty = tmp_path / "known_hosts"
    error = failure(transport_of(sshd.settings(known_hosts=empty)), sshd.node(), LATER, "host-key")
    assert "is not known: it offers ssh-ed25519 SHA256:" in str(error)
    assert f"ssh-keyscan -p {sshd.port} {sshd.address} >> {empty}" in str(error)
    assert not empty.exists()


def test_a_host_key_that_has_changed(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    old = tmp_path / "known_hosts"
    old.write_text(f"# a comment\n{sshd.known_as} {public(keygen(tmp_path / 'old'))}\n")
    error = failure(transport_of(sshd.settings(known_hosts=old)), sshd.node(), LATER, "host-key")
    assert "has CHANGED" in str(error)
    assert f"{old}:2 has another one (ssh-ed25519)" in str(error)
    assert f"ssh-keygen -R '{sshd.known_as}' -f {old}" in str(error)


def test_a_command_that_does_not_end(sshd: Sshd, transport_of: Make) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run(f"echo begun; exec sleep {FOREVER}", deadline=Deadline.after(SOON))
    assert caught.value.kind == "exec-timeout"
    assert caught.value.partial is not None
    assert caught.value.partial.stdout == b"begun\n"
    again = connection.run("echo alive", deadline=Deadline.after(LATER))
    assert again.stdout == b"alive\n"


def test_a_command_that_dribbles_is_bounded_as_a_whole(sshd: Sshd, transport_of: Make) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    script = "while :; do echo x; sleep 0.1; done"
    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run(script, deadline=Deadline.after(SOON))
    assert caught.value.kind == "exec-timeout"


def test_a_node_that_freezes_before_the_command_is_answered(start: Start, transport_of: Make) -> None:
    server = start()
    connection = transport_of(server.settings()).connect(server.node(), Deadline.after(LATER))
    server.freeze()
    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run("true", deadline=Deadline.after(SOON))
    assert caught.value.kind == "exec-timeout"


def test_a_frozen_node_that_takes_no_more_input(start: Start, transport_of: Make) -> None:
    server = start()
    connection = transport_of(server.settings()).connect(server.node(), Deadline.after(LATER))

    def freeze(stdout: bytes, stderr: bytes) -> bytes:
        # The first output shows that the command runs; from then on nobody reads what we send.
        if stdout:
            server.freeze()
            return b"x" * 20_000_000
        return b""

    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run(f"echo begun; sleep {FOREVER}", stdin=freeze, deadline=Deadline.after(SOON))
    assert caught.value.kind == "exec-timeout"


@pytest.mark.parametrize("stream", ["1", "2"])
def test_two_hundred_megabytes_end_quickly(sshd: Sshd, transport_of: Make, stream: str) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    with within(SOON):
        done = connection.run(f"yes | head -c 200000000 >&{stream}", deadline=Deadline.after(LATER), limit=100_000)
    assert done.truncated
    assert done.exit_status is None
    assert len(done.stdout) + len(done.stderr) == 100_000


@pytest.mark.parametrize("stream", ["1", "2"])
def test_more_than_the_limit_is_drained_and_the_exit_status_kept(sshd: Sshd, transport_of: Make, stream: str) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    command = f"yes | head -c 6000000 >&{stream}; echo end; exit 7"
    done = connection.run(command, deadline=Deadline.after(LATER), limit=1000)
    assert (done.truncated, done.exit_status) == (True, 7)
    assert len(done.stdout if stream == "1" else done.stderr) == 1000


def test_both_streams_at_once_and_a_large_input(sshd: Sshd, transport_of: Make) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    done = connection.run("tee /dev/stderr", stdin=b"0123456789" * 700_000, deadline=Deadline.after(LATER))
    assert (done.exit_status, len(done.stdout), len(done.stderr)) == (0, 7_000_000, 7_000_000)


def test_bytes_of_any_kind_come_back_as_they_are(sshd: Sshd, transport_of: Make) -> None:
    data = bytes(range(256)) + b"\x1b[31m\xff\xfe\0\0\r\n"
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    done = connection.run("cat", stdin=data, deadline=Deadline.after(LATER))
    assert done.stdout == data


def test_a_cut_in_the_middle_of_the_output_is_no_end(sshd: Sshd, transport_of: Make) -> None:
    relay = Relay((sshd.address, sshd.port), cut_after=200_000)
    transport = transport_of(sshd.settings(known_hosts=_known_as(sshd, relay.port)))
    connection = transport.connect(Node("ncn-w009", ADDRESS, relay.port), Deadline.after(LATER))
    with within(SOON), pytest.raises(TransportError) as caught:
        connection.run("yes | head -c 2000000", deadline=Deadline.after(LATER))
    relay.close()
    assert caught.value.kind == "cut"
    assert caught.value.partial is not None
    assert 0 < len(caught.value.partial.stdout) < 200_000
    assert relay.connections == 1, "a command that has begun must not run again"


def test_a_cut_before_the_command_has_begun_is_mended(sshd: Sshd, transport_of: Make, tmp_path: Path) -> None:
    relay = Relay((sshd.address, sshd.port))
    transport = transport_of(sshd.settings(known_hosts=_known_as(sshd, relay.port)))
    connection = transport.connect(Node("ncn-w009", ADDRESS, relay.port), Deadline.after(LATER))
    relay.cut()
    until(lambda: not connection._wire.is_active(), "the cut is seen")  # type: ignore[attr-defined] # what is cut
    done = connection.run(f"echo once >> {tmp_path}/count", deadline=Deadline.after(LATER))
    relay.close()
    assert done.exit_status == 0
    assert (tmp_path / "count").read_text() == "once\n"


def test_a_cut_during_the_handshake_is_tried_again_and_recorded(sshd: Sshd, transport_of: Make) -> None:
    relay = Relay((sshd.address, sshd.port), cut_after=300, cuts=1)
    transport = transport_of(sshd.settings(known_hosts=_known_as(sshd, relay.port)))
    connection = transport.connect(Node("ncn-w009", ADDRESS, relay.port), Deadline.after(LATER))
    done = connection.run("echo there", deadline=Deadline.after(LATER))
    later = connection.run("true", deadline=Deadline.after(LATER))
    relay.close()
    assert done.stdout == b"there\n"
    assert len(done.attempts) == 1
    assert "hung up during the key exchange" in done.attempts[0]
    assert later.attempts == ()


def test_a_cut_between_commands_is_noticed_by_a_dead_peer(sshd: Sshd, transport_of: Make) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    sock = connection._wire.sock  # type: ignore[attr-defined] # the socket is what this test is about
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert 0 < sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) <= 30_000


DEAD_PEER = """
import subprocess, sys
from pathlib import Path
from kdumpcheck.transport import Deadline, Transport, TransportError, dial
from selftest.net.faults import FOREVER, LATER, within
from selftest.net.sshd import Sshd

def link(state):
    subprocess.run(["ip", "link", "set", "lo", state], check=True)

def lose_power(stdout, stderr):
    # The first output shows that the command runs.
    if stdout:
        link("down")
        return None
    return b""

link("up")
dial._DEAD_PEER_SECONDS = 4
with Sshd(Path(sys.argv[1])) as server, Transport(server.settings()) as transport:
    connection = transport.connect(server.node(), Deadline.after(LATER))
    try:
        with within(4):
            connection.run(f"echo begun; sleep {FOREVER}", stdin=lose_power, deadline=Deadline.after(FOREVER))
    except TransportError as error:
        print(error.kind)
"""


def test_a_node_that_loses_power_is_noticed_before_the_deadline(tmp_path: Path) -> None:
    # In a network of its own: taking the link down is what the loss of power looks like from here.
    require("ip", "iproute2")
    argv = ["unshare", "--net", sys.executable, "-c", DEAD_PEER, str(tmp_path / "sshd")]
    root = Path(__file__).parents[3]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=2 * FOREVER, cwd=root)
    assert done.stdout == "cut\n", done.stderr


def test_a_command_ended_by_a_signal_has_no_exit_status(sshd: Sshd, transport_of: Make) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    done = connection.run("echo said; kill -9 $$", deadline=Deadline.after(LATER))
    assert (done.exit_status, done.stdout) == (None, b"said\n")


def test_a_login_that_may_not_run_commands(start: Start, transport_of: Make) -> None:
    server = start(options="MaxSessions 0")
    transport = transport_of(server.settings())
    connection = transport.connect(server.node(), Deadline.after(LATER))
    with pytest.raises(TransportError) as caught:
        connection.run("true", deadline=Deadline.after(LATER))
    assert caught.value.kind == "exec"


def _known_as(sshd: Sshd, port: int) -> Path:
    path = sshd.root / f"known_hosts_{port}"
    path.write_text("".join(f"[{ADDRESS}]:{port} {public(key)}\n" for key in sshd.host_keys))
    return path
