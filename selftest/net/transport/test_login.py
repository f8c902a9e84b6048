# SPDX-License-Identifier: Apache-2.0
"""Getting in: keys, certificates, the agent, passphrases and passwords, as ssh_config says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from selftest.net.faults import LATER, until
from selftest.net.sshd import Sshd, keygen, public, require, sign
from selftest.net.world import OPTIONS, User, world

from kdumpcheck.transport import Deadline, Secret, SshSettings, Transport, TransportError

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]

SECRET = "correct horse 7 battery"


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Path]:
    """An ssh-agent of our own; its socket."""
    require("ssh-agent", "openssh-client")
    sock = tmp_path / "agent"
    done = subprocess.run(["ssh-agent", "-a", str(sock), "-s"], capture_output=True, text=True, check=True)
    found = re.search(r"SSH_AGENT_PID=(\d+)", done.stdout)
    assert found
    yield sock
    os.kill(int(found[1]), signal.SIGTERM)


def add(agent: Path, *keys: Path) -> None:
    env = {**os.environ, "SSH_AUTH_SOCK": str(agent)}
    subprocess.run(["ssh-add", "-q", *map(str, keys)], env=env, check=True, stdin=subprocess.DEVNULL)


def whoami(transport: Transport, server: Sshd) -> str:
    connection = transport.connect(server.node(), Deadline.after(LATER))
    return connection.run("id -un", deadline=Deadline.after(LATER)).stdout.decode().strip()


def configured(server: Sshd, tmp_path: Path, text: str) -> SshSettings:
    path = tmp_path / "config"
    path.write_text(f"GlobalKnownHostsFile none\n{text}")
    return server.settings(ssh_config=path)


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_each_type_of_key(start: Start, tmp_path: Path, transport_of: Make, kind: str) -> None:
    server = start()
    key = keygen(tmp_path / "key", kind)
    server.authorized_keys.write_text(public(key))
    assert whoami(transport_of(server.settings(ssh_config=Path("none"), identity_files=(key,))), server) == "root"


def test_the_agents_key_comes_first(start: Start, tmp_path: Path, agent: Path, transport_of: Make) -> None:
    server = start()
    add(agent, server.user_key)
    settings = configured(server, tmp_path, f"IdentityAgent {agent}\nIdentityFile none\n")
    assert whoami(transport_of(settings), server) == "root"


def test_identities_only_picks_the_agents_key_by_its_public_half(
    start: Start, tmp_path: Path, agent: Path, transport_of: Make
) -> None:
    server = start(options="MaxAuthTries 2")
    others = [keygen(tmp_path / f"other{number}") for number in range(4)]
    add(agent, *others, server.user_key)
    server.user_key.unlink()
    text = f"IdentityAgent {agent}\nIdentitiesOnly yes\nIdentityFile {server.user_key}.pub\n"
    assert whoami(transport_of(configured(server, tmp_path, text)), server) == "root"


def test_an_agent_that_will_not_sign_is_passed_over(
    start: Start, tmp_path: Path, agent: Path, transport_of: Make
) -> None:
    server = start()
    env = {**os.environ, "SSH_AUTH_SOCK": str(agent), "SSH_ASKPASS": "/bin/false", "DISPLAY": "none"}
    refused = keygen(tmp_path / "refused")
    server.authorized_keys.write_text(f"{public(refused)}\n{public(server.user_key)}\n")
    subprocess.run(["ssh-add", "-q", "-c", str(refused)], env=env, check=True, stdin=subprocess.DEVNULL)
    text = f"IdentityAgent {agent}\nIdentityFile {server.user_key}\n"
    assert whoami(transport_of(configured(server, tmp_path, text)), server) == "root"


def test_an_agent_that_is_gone_is_mentioned(start: Start, tmp_path: Path, transport_of: Make) -> None:
    server = start()
    settings = configured(server, tmp_path, f"IdentityAgent {tmp_path}/gone\nIdentityFile none\n")
    with pytest.raises(TransportError, match=r"ssh-agent at .*/gone: No such file or directory") as caught:
        whoami(transport_of(settings), server)
    assert caught.value.kind == "auth"


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_user_certificate(start: Start, tmp_path: Path, transport_of: Make, kind: str) -> None:
    authority = keygen(tmp_path / "authority")
    server = start(options=f"TrustedUserCAKeys {authority}.pub")
    server.authorized_keys.write_text("")
    key = keygen(tmp_path / "key", kind)
    certificate = sign(authority, key, "-n", "root")
    by_name = server.settings(ssh_config=Path("none"), identity_files=(key,))
    assert whoami(transport_of(by_name), server) == "root"
    elsewhere = certificate.rename(tmp_path / "elsewhere.pub")
    text = f"IdentityFile {key}\nCertificateFile {elsewhere}\nIdentityAgent none\n"
    assert whoami(transport_of(configured(server, tmp_path, text)), server) == "root"


def test_a_locked_key_asks_once_for_its_passphrase(start: Start, tmp_path: Path, transport_of: Make) -> None:
    server = start()
    key = keygen(tmp_path / "locked", passphrase=SECRET)
    server.authorized_keys.write_text(public(key))
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return SECRET

    transport = transport_of(server.settings(ssh_config=Path("none"), identity_files=(key,), ask=ask))
    assert whoami(transport, server) == "root"
    assert whoami(transport, server) == "root"
    assert asked == [f"Passphrase for {key}: "]


@pytest.mark.parametrize(("answer", "said"), [(None, "locked by a passphrase"), ("wrong", "passphrase is wrong")])
def test_a_locked_key_that_stays_locked(
    start: Start, tmp_path: Path, transport_of: Make, answer: str | None, said: str
) -> None:
    server = start()
    key = keygen(tmp_path / "locked", passphrase=SECRET)
    server.authorized_keys.write_text(public(key))
    settings = server.settings(ssh_config=Path("none"), identity_files=(key,), ask=lambda _: answer)
    with pytest.raises(TransportError, match=said) as caught:
        whoami(transport_of(settings), server)
    assert caught.value.kind == "auth"


def test_a_file_that_is_no_key_is_mentioned(start: Start, tmp_path: Path, transport_of: Make) -> None:
    server = start()
    (tmp_path / "junk").write_text("not a key")
    settings = server.settings(ssh_config=Path("none"), identity_files=(tmp_path / "junk",))
    with pytest.raises(TransportError, match="junk: not a private key we can read"):
        whoami(transport_of(settings), server)


@pytest.mark.parametrize("methods", ["PasswordAuthentication yes", "KbdInteractiveAuthentication yes\nUsePAM yes"])
def test_a_password_from_a_file(start: Start, tmp_path: Path, transport_of: Make, methods: str) -> None:
    operator = User("operator", password=SECRET)
    server = start(options=f"{methods}\n{OPTIONS}", prepare=world(tmp_path / "own" / "world", operator))
    server.authorized_keys.write_text("")
    secret = tmp_path / "password"
    secret.write_text(f"{SECRET}\n")
    secret.chmod(0o600)
    settings = server.settings(ssh_config=Path("none"), user="operator", password=Secret.from_file(secret))
    assert whoami(transport_of(settings), server) == "operator"


def test_a_password_that_cannot_be_had_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match="No such file") as caught:
        Transport(SshSettings(ssh_config=Path("none"), password=Secret.from_file(tmp_path / "none")))
    assert caught.value.kind == "config"


def test_a_wrong_password_is_tried_once_and_never_shown(start: Start, tmp_path: Path, transport_of: Make) -> None:
    operator = User("operator", password="another one")
    server = start(options=OPTIONS, prepare=world(tmp_path / "own" / "world", operator))
    settings = server.settings(ssh_config=Path("none"), user="operator", password=Secret(lambda: SECRET))
    with pytest.raises(TransportError, match=r"tried a password; it allows password, publickey") as caught:
        whoami(transport_of(settings), server)
    assert caught.value.kind == "auth"
    # sshd answers before it writes that down.
    until(lambda: "Failed password" in server.log.read_text(), "it is in the log")
    assert len(re.findall("Failed password", server.log.read_text())) == 1
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert SECRET not in "".join(shown.format())
    assert SECRET not in repr(settings)


def test_no_password_goes_to_a_node_whose_key_has_changed(start: Start, tmp_path: Path, transport_of: Make) -> None:
    operator = User("operator", password=SECRET)
    server = start(options=OPTIONS, prepare=world(tmp_path / "own" / "world", operator))
    server.known_hosts.write_text(f"{server.known_as} {public(keygen(tmp_path / 'old'))}\n")
    text = "StrictHostKeyChecking no\nIdentityFile none\nIdentityAgent none\n"
    settings = configured(server, tmp_path, text)
    open_door = Secret(lambda: SECRET)
    with pytest.raises(TransportError) as caught:
        whoami(
            transport_of(server.settings(ssh_config=settings.ssh_config, user="operator", password=open_door)), server
        )
    assert caught.value.kind == "auth"
    assert "password" not in re.findall(r"tried ([^;.]*)", str(caught.value))[0]


def test_a_key_and_then_a_password(start: Start, tmp_path: Path, transport_of: Make) -> None:
    operator = User("operator", password=SECRET)
    options = f"AuthenticationMethods publickey,password\n{OPTIONS}"
    server = start(options=options, prepare=world(tmp_path / "own" / "world", operator))
    both = server.settings(user="operator", password=Secret(lambda: SECRET))
    assert whoami(transport_of(both), server) == "operator"
    with pytest.raises(TransportError, match="it allows password"):
        whoami(transport_of(server.settings(user="operator")), server)


def test_the_user_of_ssh_config_and_of_the_inventory(start: Start, tmp_path: Path, transport_of: Make) -> None:
    users = (User("alpha"), User("beta"))
    server = start(options=OPTIONS, prepare=world(tmp_path / "own" / "world", *users))
    settings = configured(server, tmp_path, f"User alpha\nIdentityFile {server.user_key}\n")
    transport = transport_of(SshSettings(ssh_config=settings.ssh_config, known_hosts=settings.known_hosts))
    assert whoami(transport, server) == "alpha"
    connection = transport.connect(server.node(user="beta"), Deadline.after(LATER))
    assert connection.run("id -un", deadline=Deadline.after(LATER)).stdout == b"beta\n"
    assert connection.origin == f"ssh://beta@{server.address}:{server.port}"


def test_the_password_and_the_user_are_the_nodes_and_not_the_bastions(
    start: Start, tmp_path: Path, transport_of: Make
) -> None:
    operator = User("operator", password=SECRET)
    bastion = start("bastion", address="127.0.0.2", options=OPTIONS, prepare=world(tmp_path / "bastion/w", operator))
    node = start("node", options=OPTIONS, prepare=world(tmp_path / "node/w", operator))
    place = f"Host bastion\n HostName {bastion.address}\n Port {bastion.port}\n"
    jump = "Host ncn-*\n ProxyJump bastion\n"
    known = tmp_path / "known_hosts"
    known.write_text(bastion.known_hosts.read_text() + node.known_hosts.read_text())
    settings = replace(
        configured(node, tmp_path, f"{place} User root\n IdentityFile {bastion.user_key}\n{jump}"),
        known_hosts=known,
        user="operator",
        password=Secret(lambda: SECRET),
    )
    assert whoami(transport_of(settings), node) == "operator"
    assert "Accepted publickey for root" in bastion.log.read_text()
    # This bastion would take the password, if it were offered.
    configured(node, tmp_path, f"{place} User operator\n IdentityFile none\n{jump}")
    with pytest.raises(TransportError) as caught:
        whoami(transport_of(settings), node)
    assert caught.value.kind == "auth"
    assert "bastion bastion: " in str(caught.value)
    assert "Failed password" not in bastion.log.read_text()
    assert "Accepted password" not in bastion.log.read_text()
