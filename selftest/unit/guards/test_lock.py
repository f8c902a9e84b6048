# SPDX-License-Identifier: Apache-2.0
"""The lock on a node, with the real script in a /run of its own."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import threading
from pathlib import Path

import pytest

from kdumpcheck.guards import NodeLock, Owner
from kdumpcheck.guards.owner import is_gone

STRANGER = Owner("eve", "another-host", 4242, 99, "ab" * 8)


class Machine:
    """What the lock's script sees as its node: this machine with another /run."""

    def __init__(self, run: Path, shell: str = "sh") -> None:
        self.place = run
        self.shell = shell
        run.mkdir()

    def run(self, script: str, seconds: float) -> bytes:
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        mount = f"mount --bind {shlex.quote(str(self.place))} /run && exec {self.shell} -s"
        argv = ["unshare", "--mount", *user, "sh", "-c", mount]
        done = subprocess.run(argv, input=script.encode(), capture_output=True, timeout=600, check=False)
        assert done.stderr == b""
        return done.stdout

    @property
    def lock(self) -> Path:
        return self.place / "kdumpcheck.lock"

    def of(self, owner: Owner) -> NodeLock:
        return NodeLock(self.run, owner)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "run")


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox sh"])
def test_it_is_taken_read_by_a_person_and_given_back(tmp_path: Path, shell: str) -> None:
    machine, me = Machine(tmp_path / "run", shell), Owner.me()
    gate = machine.of(me).take("initrd.rebuild", 600)
    assert gate.holds
    text = machine.lock.read_text()
    assert text.startswith("kdumpcheck is at work on this node.")
    assert f"owner={me.user}@{me.host} (process {me.pid})\npurpose=initrd.rebuild\ntaken=20" in text
    assert re.search(r"^until=(20\d\d-.* UTC)?$", text, re.MULTILINE)
    machine.of(me).give_back()
    assert not machine.lock.exists()


def test_another_ones_is_neither_taken_nor_given_back(machine: Machine) -> None:
    assert machine.of(STRANGER).take("node.reboot", 600).holds
    gate = machine.of(Owner.me()).take("initrd.rebuild", 600)
    assert not gate.holds
    assert gate.said.startswith("the node is locked by eve@another-host (process 4242) since 20")
    assert gate.said.endswith("(to break it: rm /run/kdumpcheck.lock on the node)")
    machine.of(Owner.me()).give_back()
    assert "eve@another-host" in machine.lock.read_text()


def test_ones_own_is_taken_again_for_longer(machine: Machine) -> None:
    me = Owner.me()
    assert machine.of(me).take("a", 10).holds
    assert machine.of(me).take("b", 600).holds
    assert "purpose=b" in machine.lock.read_text()


def test_one_that_has_expired_is_taken_over(machine: Machine) -> None:
    assert machine.of(STRANGER).take("node.reboot", 0).holds
    assert machine.of(Owner.me()).take("initrd.rebuild", 600).holds
    assert "eve" not in machine.lock.read_text()


def test_that_of_a_dead_process_of_this_machine_is_taken_over(machine: Machine) -> None:
    me = Owner.me()
    dead = Owner(me.user, me.host, me.pid, me.started + 1, "cd" * 8)
    assert machine.of(dead).take("initrd.rebuild", 600).holds
    assert machine.of(me).take("initrd.rebuild", 600).holds
    assert me.token in machine.lock.read_text()


def test_that_of_a_living_process_of_this_machine_is_not(machine: Machine) -> None:
    me, other = Owner.me(), Owner.me()
    assert machine.of(other).take("initrd.rebuild", 600).holds
    assert not machine.of(me).take("initrd.rebuild", 600).holds


@pytest.mark.parametrize(
    "content", [b"", b"expires=\n", b"expires=soon\ntoken=x\n", b"\xff\x00" * 100, b"token=$(reboot)\nowner=\x1b[2J\n"]
)
def test_what_is_no_lock_of_ours_is_left_alone(machine: Machine, content: bytes) -> None:
    machine.lock.write_bytes(content)
    gate = machine.of(Owner.me()).take("initrd.rebuild", 600)
    assert not gate.holds
    assert machine.lock.read_bytes() == content


def test_a_link_in_its_place_is_not_written_through(machine: Machine) -> None:
    target = machine.place / "precious"
    target.write_text("content")
    machine.lock.symlink_to("precious")
    assert not machine.of(Owner.me()).take("initrd.rebuild", 600).holds
    assert target.read_text() == "content"


def test_one_of_many_gets_it(machine: Machine) -> None:
    owners = [Owner(f"user{number}", f"host{number}", number, 1, f"{number:016x}") for number in range(8)]
    gates = []

    def take(owner: Owner) -> None:
        gates.append(machine.of(owner).take("initrd.rebuild", 600))

    threads = [threading.Thread(target=take, args=(owner,)) for owner in owners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [gate.holds for gate in gates].count(True) == 1
    assert len(gates) == len(owners)


def test_a_repair_that_still_runs_is_waited_for(machine: Machine) -> None:
    busy = machine.place / "kdumpcheck-remedy.lock"
    holder = subprocess.Popen(
        ["flock", str(busy), "sh", "-c", "echo begun; read -r _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"begun\n"
    gates = []
    taker = threading.Thread(target=lambda: gates.append(machine.of(Owner.me()).take("initrd.rebuild", 600)))
    taker.start()
    taker.join(0.5)
    assert gates == []
    holder.communicate(b"\n", timeout=600)
    taker.join(120)
    assert [gate.holds for gate in gates] == [True]


def test_half_a_script_does_nothing(machine: Machine) -> None:
    scripts: list[str] = []

    def catch(script: str, seconds: float) -> bytes:
        scripts.append(script)
        return b""

    assert not NodeLock(catch, Owner.me()).take("initrd.rebuild", 600).holds
    (whole,) = scripts
    for length in range(0, len(whole) - 2, len(whole) // 20):
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        mount = f"mount --bind {shlex.quote(str(machine.place))} /run && exec sh -s"
        argv = ["unshare", "--mount", *user, "sh", "-c", mount]
        subprocess.run(argv, input=whole[:length].encode(), capture_output=True, timeout=600, check=False)
        assert not list(machine.place.iterdir()), f"cut at {length}"


@pytest.mark.parametrize("token", ["", "x", "host:1:2", "host:a:b:c", "host:-1:2:r", ":::", "other:1:1:r"])
def test_a_token_of_another_kind_or_machine_is_never_taken_for_a_dead_one(token: str) -> None:
    assert not is_gone(token, "host")


def test_a_process_that_does_not_exist_is_gone() -> None:
    assert is_gone("host:4194304000:1:r", "host")
