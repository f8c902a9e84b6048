# SPDX-License-Identifier: Apache-2.0
"""Host keys: what is known is let through, what is not is refused, and what the operator allows is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selftest.net.faults import LATER
from selftest.net.sshd import Sshd, keygen, public, sign

from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError, hostkeys
from kdumpcheck.transport.knownhosts import Entry, hash_name, parse

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]


def connect(transport: Transport, node: Node) -> None:
    transport.connect(node, Deadline.after(LATER)).close()


def refused(transport: Transport, node: Node, text: str) -> None:
    with pytest.raises(TransportError, match=text) as caught:
        connect(transport, node)
    assert caught.value.kind == "host-key"


def known(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return path


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_type_that_is_known_is_asked_for(sshd: Sshd, tmp_path: Path, transport_of: Make, number: int) -> None:
    # The server has three keys and prefers another one: without asking, it would look like a stranger.
    path = known(tmp_path, f"{sshd.known_as} {public(sshd.host_keys[number])}\n")
    connect(transport_of(sshd.settings(known_hosts=path)), sshd.node())


@pytest.mark.parametrize("names", ["{0}", "other,{0},third", "*,!10.*", "[127.0.0.?]:*", "[127.0.0.1]:{1}"])
def test_names_and_patterns(sshd: Sshd, tmp_path: Path, transport_of: Make, names: str) -> None:
    name = names.format(sshd.known_as, sshd.port)
    path = known(tmp_path, f"{name} {public(sshd.host_keys[0])}\n")
    connect(transport_of(sshd.settings(known_hosts=path)), sshd.node())


def test_hashed_names(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    path = known(tmp_path, f"{hash_name(sshd.known_as)} {public(sshd.host_keys[0])}\n")
    connect(transport_of(sshd.settings(known_hosts=path)), sshd.node())


def test_a_key_filed_under_the_nodes_name_or_without_the_port(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    for name in (f"[ncn-w001]:{sshd.port}", "ncn-w001", "127.0.0.1"):
        path = known(tmp_path, f"{name} {public(sshd.host_keys[0])}\n")
        connect(transport_of(sshd.settings(known_hosts=path)), sshd.node("ncn-w001"))


def test_a_negated_pattern_is_no_match(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    path = known(tmp_path, f"*,!*127.0.0.1* {public(sshd.host_keys[0])}\n")
    refused(transport_of(sshd.settings(known_hosts=path)), Node("127.0.0.1", port=sshd.port), "not known")


def test_a_revoked_key_is_refused_even_if_known(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    key = public(sshd.host_keys[0])
    path = known(tmp_path, f"{sshd.known_as} {key}\n@revoked * {key}\n")
    config = tmp_path / "config"
    config.write_text("StrictHostKeyChecking no\n" + sshd.ssh_config.read_text())
    for settings in (sshd.settings(known_hosts=path), sshd.settings(known_hosts=path, ssh_config=config)):
        refused(transport_of(settings), sshd.node(), f"@revoked in {path}:2")


def test_only_a_key_of_another_type_is_known(sshd: Sshd, start: Start, tmp_path: Path, transport_of: Make) -> None:
    server = start()
    path = known(tmp_path, f"{server.known_as} {public(keygen(tmp_path / 'old', 'rsa'))}\n")
    refused(transport_of(server.settings(known_hosts=path)), server.node(), r"CHANGED.*another one \(ssh-rsa\)")


@pytest.mark.parametrize("strict", ["yes", "ask"])
def test_strict_refuses_strangers(sshd: Sshd, tmp_path: Path, transport_of: Make, strict: str) -> None:
    config = tmp_path / "config"
    config.write_text(f"StrictHostKeyChecking {strict}\n" + sshd.ssh_config.read_text())
    settings = sshd.settings(ssh_config=config, known_hosts=known(tmp_path, ""))
    refused(transport_of(settings), sshd.node(), "not known")


@pytest.mark.parametrize("strict", ["accept-new", "no"])
@pytest.mark.parametrize("hashed", ["yes", "no"])
def test_a_stranger_may_be_let_in_and_is_recorded(
    sshd: Sshd, tmp_path: Path, transport_of: Make, strict: str, hashed: str
) -> None:
    path = known(tmp_path, "# no newline at the end")
    config = tmp_path / "config"
    config.write_text(f"StrictHostKeyChecking {strict}\nHashKnownHosts {hashed}\n" + sshd.ssh_config.read_text())
    transport = transport_of(sshd.settings(ssh_config=config, known_hosts=path))
    connect(transport, sshd.node())
    connect(transport, sshd.node())
    lines = path.read_text().splitlines()
    assert lines[0] == "# no newline at the end"
    assert len(lines) == 2
    assert lines[1].startswith("|1|" if hashed == "yes" else sshd.known_as)
    connect(transport_of(sshd.settings(known_hosts=path)), sshd.node())


def test_accept_new_refuses_a_key_that_has_changed(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    path = known(tmp_path, f"{sshd.known_as} {public(keygen(tmp_path / 'old'))}\n")
    config = tmp_path / "config"
    config.write_text("StrictHostKeyChecking accept-new\n" + sshd.ssh_config.read_text())
    refused(transport_of(sshd.settings(ssh_config=config, known_hosts=path)), sshd.node(), "CHANGED")


def test_no_lets_a_changed_key_pass_and_keeps_the_file(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    text = f"{sshd.known_as} {public(keygen(tmp_path / 'old'))}\n"
    path = known(tmp_path, text)
    config = tmp_path / "config"
    config.write_text("StrictHostKeyChecking no\n" + sshd.ssh_config.read_text())
    connect(transport_of(sshd.settings(ssh_config=config, known_hosts=path)), sshd.node())
    assert path.read_text() == text


def test_several_files_and_an_alias(sshd: Sshd, tmp_path: Path, transport_of: Make) -> None:
    (tmp_path / "global").write_text(f"the-node {public(sshd.host_keys[0])}\n")
    config = tmp_path / "config"
    config.write_text(
        f"HostKeyAlias the-node\nUserKnownHostsFile {tmp_path}/none {tmp_path}/neither\n"
        f"GlobalKnownHostsFile {tmp_path}/nothing {tmp_path}/global\n"
        f"IdentityFile {sshd.user_key}\nIdentityAgent none\n"
    )
    transport = transport_of(SshSettings(ssh_config=config, user="root"))
    connect(transport, sshd.node())


@pytest.fixture
def certified(start: Start, tmp_path: Path) -> Callable[..., Sshd]:
    """An sshd with a host certificate: `certified("-n", "127.0.0.1")`."""

    def make(*options: str, kind: str = "ed25519") -> Sshd:
        authority = keygen(tmp_path / "authority")
        server = Sshd(tmp_path / "unborn", host_keys=(kind,))
        certificate = sign(authority, server.host_keys[0], *options)
        born = start(
            "certified",
            port=server.port,
            options=f"HostKey {server.host_keys[0]}\nHostCertificate {certificate}",
        )
        born.known_hosts.write_text(f"@cert-authority [127.0.0.*]:* {public(authority)}\n")
        return born

    return make


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_a_host_certificate(certified: Callable[..., Sshd], transport_of: Make, kind: str) -> None:
    server = certified("-h", "-n", "127.0.0.1", kind=kind)
    connect(transport_of(server.settings()), server.node())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("-h", "-n", "10.0.0.1"), "it is for 10.0.0.1"),
        (("-h",), "it is for no host"),
        (("-n", "127.0.0.1"), "a user's, not a host's"),
        (("-h", "-n", "127.0.0.1", "-V", "20200101:20200201"), "not valid at this time"),
    ],
)
def test_a_host_certificate_that_cannot_be_trusted(
    certified: Callable[..., Sshd], transport_of: Make, options: tuple[str, ...], said: str
) -> None:
    server = certified(*options)
    refused(transport_of(server.settings()), server.node(), said)


def test_a_certificate_of_an_unknown_authority(
    certified: Callable[..., Sshd], tmp_path: Path, transport_of: Make
) -> None:
    server = certified("-h", "-n", "127.0.0.1")
    server.known_hosts.write_text(f"@cert-authority * {public(keygen(tmp_path / 'stranger'))}\n")
    refused(transport_of(server.settings()), server.node(), "not known")


def test_a_certificate_of_a_revoked_authority(
    certified: Callable[..., Sshd], tmp_path: Path, transport_of: Make
) -> None:
    server = certified("-h", "-n", "127.0.0.1")
    authority = server.known_hosts.read_text().split(" ", 2)[2]
    with server.known_hosts.open("a") as file:
        file.write(f"@revoked * {authority}")
    refused(transport_of(server.settings()), server.node(), "authority of its host certificate is marked @revoked")


def test_five_thousand_lines_are_read_once(
    sshd: Sshd, tmp_path: Path, transport_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counted(text: str, name: str) -> Iterator[Entry]:
        read.append(name)
        return parse(text, name)

    monkeypatch.setattr(hostkeys, "parse", counted)
    key = public(sshd.host_keys[0])
    lines = [f"[10.0.{n // 250}.{n % 250}]:2200 {key}" for n in range(5000)]
    path = known(tmp_path, "\n".join([*lines, f"{sshd.known_as} {key}", ""]))
    transport = transport_of(sshd.settings(known_hosts=path))
    for _ in range(6):
        connect(transport, sshd.node())
    assert read.count(str(path)) == 1
