# SPDX-License-Identifier: Apache-2.0
"""Many nodes at once over real sshd: what is wrong with one of them, or on the way, costs that one and no more."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from selftest.net.faults import ADDRESS, FOREVER, GRACE, LATER, mute, until
from selftest.net.sshd import Sshd

from kdumpcheck.fleet import Fleet
from kdumpcheck.fleet.look import Look
from kdumpcheck.nodes import Node
from kdumpcheck.probe import Probe, Section, compose
from kdumpcheck.transport import SshSettings

Start = Callable[..., Sshd]

#: For the one node that is dead: the fifty others must have answered by then, on a busy machine, too.
DEADLINE = 20.0
HELLO = compose([Section("hello", "echo hello")])
#: What sshd does when its configuration does not speak of it: from 10 logins under way on, it drops some.
AS_SHIPPED = "MaxStartups 10:30:60\nMaxSessions 10"


def said(look: Look) -> str:
    assert look.evidence.failure is None, look.evidence.failure
    assert look.evidence.complete
    text = look.evidence.text("hello")
    assert isinstance(text, str)
    return text.strip()


@contextmanager
def took() -> Iterator[list[float]]:
    seconds: list[float] = []
    began = time.monotonic()
    yield seconds
    seconds.append(time.monotonic() - began)


def test_one_dead_node_of_fifty_costs_its_deadline_once(sshd: Sshd) -> None:
    told: list[tuple[int, Sequence[str]]] = []
    alive = [sshd.node(f"ncn-w{number:03}") for number in range(2, 51)]
    settings = sshd.settings(connect_timeout=1000.0)
    with mute() as port, Fleet(settings, DEADLINE, fanout=10) as fleet, took() as seconds:
        dead = Node("ncn-w001", ADDRESS, port)
        looks = fleet.gather([dead, *alive], HELLO, lambda done, _, slow: told.append((done, slow)), keep=False)
    assert "says nothing" in str(looks[dead.name].evidence.failure)
    assert looks[dead.name].evidence.attempts == ()
    assert {said(looks[node.name]) for node in alive} == {"hello"}
    assert seconds[0] < DEADLINE + GRACE
    assert (49, (dead.name,)) in told, "it is waited for alone, and by name"


def test_many_nodes_pass_a_bastion_that_takes_few_logins_at_once(sshd: Sshd, start: Start, tmp_path: Path) -> None:
    bastion = start("bastion", address="127.0.0.2", options=AS_SHIPPED)
    config = tmp_path / "config"
    config.write_text(
        "GlobalKnownHostsFile none\nIdentitiesOnly yes\nUser root\n"
        f"Host bastion\n HostName {bastion.address}\n Port {bastion.port}\n"
        f" IdentityFile {bastion.user_key}\n UserKnownHostsFile {bastion.known_hosts}\n"
        f"Host ncn-*\n HostName {sshd.address}\n Port {sshd.port}\n ProxyJump bastion\n"
        f" IdentityFile {sshd.user_key}\n UserKnownHostsFile {sshd.known_hosts}\n"
    )
    nodes = [Node(f"ncn-w{number:03}") for number in range(1, 41)]
    with Fleet(SshSettings(ssh_config=config, connect_timeout=LATER), LATER) as fleet:
        assert fleet.fanout >= len(nodes), "the usual fan-out is what this is about"
        looks = fleet.gather(nodes, HELLO)
    assert [said(look) for look in looks.values()] == ["hello"] * 40
    assert {look.evidence.attempts for look in looks.values()} == {()}
    assert (bastion.connections(), bastion.logins()) == (1, 1)


@pytest.fixture
def booted(tmp_path: Path) -> Path:
    """A file that tells which boot of the node this is."""
    path = tmp_path / "boot"
    path.write_text("first\n")
    return path


def test_a_node_that_reboots_in_the_middle_is_lost_and_not_asked_twice(start: Start, booted: Path) -> None:
    begun = booted.with_name("begun")
    probe = compose(
        [
            Section("hello", f"cat {booted}"),
            Section("long", f"echo x >>{begun}; sleep {2 * FOREVER}", timeout=2 * FOREVER),
        ]
    )
    server = start("node")
    looks: list[Look] = []
    with Fleet(server.settings(), FOREVER) as fleet, took() as seconds:
        thread = threading.Thread(target=lambda: looks.append(fleet.look(server.node(), probe)))
        thread.start()
        until(begun.exists, "the probe begins")
        server.__exit__()
        booted.write_text("second\n")
        server.__enter__()
        thread.join(FOREVER)
        (lost,) = looks
        again = fleet.look(server.node(), compose([Section("hello", f"cat {booted}")]))
    assert seconds[0] < FOREVER
    assert not lost.evidence.complete
    assert "was cut" in str(lost.evidence.ended)
    assert "did the node reboot or crash?" in str(lost.evidence.ended)
    assert "did the node reboot or crash?" in str(lost.evidence.output("long"))
    assert lost.evidence.text("hello") == "first\n", "what it said before is kept, and nothing of the next boot"
    assert begun.read_text() == "x\n", "a probe that has begun is not run again"
    assert said(again) == "second"


def test_a_node_that_reboots_before_it_is_asked_is_dialled_again(start: Start, booted: Path) -> None:
    server = start("node")
    probe: Probe = compose([Section("hello", f"cat {booted}")])
    with Fleet(server.settings(), LATER) as fleet:
        assert said(fleet.look(server.node(), probe)) == "first"
        server.__exit__()
        booted.write_text("second\n")
        server.__enter__()
        assert said(fleet.look(server.node(), probe)) == "second"
    assert server.logins() == 1, "the log of the second boot"
