# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from kdumpcheck.lab import injection
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import FAULTS
from kdumpcheck.lab.injection import Injector
from kdumpcheck.lab.lab import Lab
from kdumpcheck.lab.record import ContainerBody, NodeRecord
from kdumpcheck.lab.state import StateDir

NODE = "ncn-w101"


class World:
    """A lab with one node, whose shell only notes what it is told, and fails when it is told to."""

    def __init__(self, root: Path) -> None:
        self.state = StateDir(root)
        self.ssh = self
        self.on = True
        self.did: list[str] = []
        self.fails: Callable[[str], bool] = lambda _script: False
        body = ContainerBody(squashfs="s", upper="u", work="w", kernel_release="r", kdump_initrd="k")
        NodeRecord(name=NODE, index=1, address="a", bmc="b", cmdline="", body=body).save(self.state.node(NODE))

    def run(self, node: str, script: str, *, seconds: float, what: str) -> str:
        assert seconds > 0
        kind = "break" if script == FAULTS[what].script(FAULTS[what].break_shell) else "heal"
        self.did.append(f"{kind} {what}")
        if self.fails(self.did[-1]):
            raise LabError(f"{node}: {what}: no")
        return ""

    def machine(self, name: str) -> object:
        return SimpleNamespace(
            record=NodeRecord.load(self.state.node(name)),
            is_on=lambda: self.on,
            power_on=lambda: self.did.append("power on"),
        )

    @property
    def faults(self) -> tuple[str, ...]:
        return NodeRecord.load(self.state.node(NODE)).faults


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(tmp_path / "lab")
    monkeypatch.setattr(injection, "shut_down", lambda *_: made.did.append("shut down"))
    monkeypatch.setattr(injection, "wait_until_booted", lambda *_: made.did.append("booted"))
    return made


@pytest.fixture
def injector(world: World) -> Injector:
    return Injector(cast("Lab", world), lambda _line: None)


def test_a_fault_is_put_there_remembered_and_taken_away(world: World, injector: Injector) -> None:
    injector.break_node(NODE, "initrd-missing")
    assert (world.did, world.faults) == (["break initrd-missing"], ("initrd-missing",))
    assert [fault.id for fault in injector.heal(NODE)] == ["initrd-missing"]
    assert (world.did[1:], world.faults) == (["heal initrd-missing"], ())


def test_it_is_remembered_before_it_is_done(world: World, injector: Injector) -> None:
    world.fails = lambda _did: "initrd-stale" not in world.faults
    injector.break_node(NODE, "initrd-stale")
    assert world.faults == ("initrd-stale",)


def test_what_cannot_be_broken_is_mended_as_far_as_it_went_and_forgotten(world: World, injector: Injector) -> None:
    world.fails = lambda did: did.startswith("break")
    with pytest.raises(LabError, match="initrd-missing: no"):
        injector.break_node(NODE, "initrd-missing")
    assert (world.did, world.faults) == (["break initrd-missing", "heal initrd-missing"], ())


def test_the_first_error_is_told_even_when_mending_fails_too(world: World, injector: Injector) -> None:
    world.fails = lambda _did: True
    with pytest.raises(LabError, match="initrd-missing: no"):
        injector.break_node(NODE, "initrd-missing")
    assert world.faults == ()


def test_what_cannot_be_healed_stays_remembered_and_the_way_out_is_told(world: World, injector: Injector) -> None:
    injector.break_node(NODE, "initrd-missing")
    world.fails = lambda _did: True
    with pytest.raises(LabError, match="--restore"):
        injector.heal(NODE)
    assert world.faults == ("initrd-missing",)


def test_several_are_healed_last_first_and_the_node_boots_once(world: World, injector: Injector) -> None:
    for fault in ("no-crashkernel", "initrd-missing", "boot-link-absolute"):
        injector.break_node(NODE, fault)
    world.did.clear()
    injector.heal(NODE)
    healed = ["heal boot-link-absolute", "heal initrd-missing", "heal no-crashkernel"]
    assert world.did == [*healed, "shut down", "power on", "booted"]


def test_one_of_several_is_healed_alone(world: World, injector: Injector) -> None:
    injector.break_node(NODE, "initrd-missing")
    injector.break_node(NODE, "boot-link-absolute")
    injector.heal(NODE, "initrd-missing")
    assert world.faults == ("boot-link-absolute",)


def test_a_faulty_command_line_needs_a_boot(world: World, injector: Injector) -> None:
    injector.break_node(NODE, "no-crashkernel")
    assert world.did == ["break no-crashkernel", "shut down", "power on", "booted"]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("initrd-missing", "already"), ("no-such-fault", "there is no fault")],
)
def test_what_makes_no_sense_is_refused_before_anything_is_done(
    world: World, injector: Injector, fault: str, says: str
) -> None:
    injector.break_node(NODE, "initrd-missing")
    world.did.clear()
    with pytest.raises(LabError, match=says):
        injector.break_node(NODE, fault)
    assert world.did == []


def test_a_fault_of_another_kdump_is_refused(world: World, injector: Injector) -> None:
    node = NodeRecord.load(world.state.node(NODE))
    replace(node, dialect="suse").save(world.state.node(NODE))
    with pytest.raises(LabError, match="boot-link-missing needs kdump of suse_legacy, and ncn-w101 has suse"):
        injector.break_node(NODE, "boot-link-missing")
    assert (world.did, world.faults) == ([], ())


def test_a_node_that_is_off_cannot_be_broken(world: World, injector: Injector) -> None:
    world.on = False
    with pytest.raises(LabError, match="is off"):
        injector.break_node(NODE, "initrd-missing")
    assert (world.did, world.faults) == ([], ())


def test_a_node_without_this_fault_says_which_it_has(world: World, injector: Injector) -> None:
    with pytest.raises(LabError, match="no fault to heal"):
        injector.heal(NODE)
    injector.break_node(NODE, "initrd-missing")
    with pytest.raises(LabError, match="does not have the fault initrd-stale; it has initrd-missing"):
        injector.heal(NODE, "initrd-stale")
    with pytest.raises(LabError, match="there is no fault"):
        injector.heal(NODE, "initrd-mess")


@pytest.fixture
def one_way(monkeypatch: pytest.MonkeyPatch) -> str:
    """A fault that has lost its way back."""
    made = {**FAULTS, "crash-link-missing": replace(FAULTS["crash-link-missing"], heal_shell="")}
    monkeypatch.setattr(injection, "find", made.__getitem__)
    return "crash-link-missing"


def test_what_has_no_way_back_is_healed_by_making_the_node_anew(world: World, injector: Injector, one_way: str) -> None:
    injector.break_node(NODE, "initrd-missing")
    injector.break_node(NODE, one_way)
    world.did.clear()
    with pytest.raises(LabError, match="no way back; `kdumpcheck lab heal ncn-w101 --restore`"):
        injector.heal(NODE)
    assert (world.did, world.faults) == ([], ("initrd-missing", one_way))


def test_a_half_broken_node_that_has_no_way_back_keeps_its_mark(world: World, injector: Injector, one_way: str) -> None:
    world.fails = lambda did: did.startswith("break")
    with pytest.raises(LabError):
        injector.break_node(NODE, one_way)
    assert (world.did, world.faults) == ([f"break {one_way}"], (one_way,))


def test_two_nodes_are_broken_at_once_but_not_while_the_lab_goes_down(
    world: World, injector: Injector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdumpcheck.lab.state._LOCK_WAIT", 0.1)
    with world.state.locked(shared=True):
        injector.break_node(NODE, "initrd-missing")
    with world.state.locked(), pytest.raises(LabError, match="another lab command"):
        injector.heal(NODE)
