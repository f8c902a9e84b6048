# SPDX-License-Identifier: Apache-2.0
"""A wall clock that is set, forward or back, ends no wait early and lengthens none."""

from __future__ import annotations

import importlib
import inspect
import itertools
import pkgutil
import time
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest
from selftest.net.faults import ADDRESS, FOREVER, GRACE, LATER, SOON, mute
from selftest.net.sshd import Sshd

from kdumpcheck.evidence import load_directory, save
from kdumpcheck.fleet import Fleet
from kdumpcheck.nodes import Node
from kdumpcheck.probe import Section, compose
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError

DAY, HOUR = 86400.0, 3600.0

Make = Callable[[SshSettings], Transport]


@pytest.fixture(params=[DAY, -DAY], ids=["forward", "back"])
def jumping(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the wall clock finds it another day further on, or back."""
    real, looks = time.time, itertools.count(1)
    monkeypatch.setattr(time, "time", lambda: real() + request.param * next(looks))


def test_a_command_runs_to_its_end(sshd: Sshd, transport_of: Make, jumping: None) -> None:
    connection = transport_of(sshd.settings(retries=0)).connect(sshd.node(), Deadline.after(LATER))
    done = connection.run("echo begun; sleep 0.5; echo ended", deadline=Deadline.after(LATER))
    assert (done.stdout, done.exit_status, done.attempts) == (b"begun\nended\n", 0, ())
    assert 0.5 <= done.seconds < HOUR


def test_a_slow_login_and_a_slow_bastion_are_waited_for(
    sshd: Sshd, start: Callable[..., Sshd], tmp_path: Path, transport_of: Make, jumping: None
) -> None:
    # The slow login stands for a name service that takes its time.
    command = f'/bin/sh -c "sleep 0.5; cat {tmp_path}/bastion/authorized_keys"'
    slow = f"AuthorizedKeysFile none\nAuthorizedKeysCommand {command}\nAuthorizedKeysCommandUser root"
    bastion = start("bastion", address="127.0.0.2", options=slow)
    config = tmp_path / "config"
    config.write_text(
        "GlobalKnownHostsFile none\nIdentitiesOnly yes\nUser root\n"
        f"Host bastion\n HostName {bastion.address}\n Port {bastion.port}\n"
        f" IdentityFile {bastion.user_key}\n UserKnownHostsFile {bastion.known_hosts}\n"
        f"Host ncn-w001\n HostName {sshd.address}\n Port {sshd.port}\n ProxyJump bastion\n"
        f" IdentityFile {sshd.user_key}\n UserKnownHostsFile {sshd.known_hosts}\n"
    )
    transport = transport_of(SshSettings(ssh_config=config, retries=0, connect_timeout=LATER))
    done = transport.connect(Node("ncn-w001"), Deadline.after(LATER)).run("echo there", deadline=Deadline.after(LATER))
    assert done.stdout == b"there\n"
    assert bastion.logins() == 1


@pytest.mark.parametrize("banner", [b"", b"SSH-2.0-", b"SSH-2.0-x\r\n"], ids=["mute", "half", "stuck"])
def test_silence_ends_at_its_deadline(sshd: Sshd, transport_of: Make, jumping: None, banner: bytes) -> None:
    with mute(banner) as port, pytest.raises(TransportError) as caught:
        began = time.monotonic()
        transport_of(sshd.settings()).connect(Node("ncn-w009", ADDRESS, port), Deadline.after(SOON))
    assert caught.value.kind == "silent"
    assert SOON - 0.1 < time.monotonic() - began < SOON + GRACE


def test_a_command_that_does_not_end_ends_at_its_deadline(sshd: Sshd, transport_of: Make, jumping: None) -> None:
    connection = transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER))
    began = time.monotonic()
    with pytest.raises(TransportError) as caught:
        connection.run(f"exec sleep {FOREVER}", deadline=Deadline.after(SOON))
    assert caught.value.kind == "exec-timeout"
    assert SOON - 0.1 < time.monotonic() - began < SOON + GRACE


def test_evidence_keeps_times_that_can_be(sshd: Sshd, tmp_path: Path, jumping: None) -> None:
    with Fleet(sshd.settings(), LATER) as fleet:
        look = fleet.look(sshd.node(), compose([Section("hello", "sleep 0.2; echo hello")]))
    output = look.evidence.outputs["hello"]
    assert look.evidence.complete
    assert 0.1 <= output.seconds < HOUR
    assert look.evidence.taken.tzinfo is not None
    save(tmp_path, look.evidence, look.raw)
    (kept,) = load_directory(tmp_path).values()
    assert kept.taken.replace(microsecond=0) == look.evidence.taken.replace(microsecond=0)
    assert kept.outputs == look.evidence.outputs


def test_no_module_of_paramiko_that_waits_for_us_follows_the_wall_clock() -> None:
    """Those that do not: files over SFTP, an agent for Windows, a proxy command of paramiko's own; none is used."""
    unused = {"agent", "client", "proxy", "sftp_attr", "sftp_client", "sftp_file", "win_openssh", "win_pageant"}
    for module in pkgutil.iter_modules(paramiko.__path__):
        if module.name not in unused and not module.name.startswith("_w"):
            found = importlib.import_module(f"paramiko.{module.name}")
            assert getattr(found, "time", None) is not time, module.name
            assert "from time import" not in inspect.getsource(found), module.name
