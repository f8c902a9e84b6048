# SPDX-License-Identifier: Apache-2.0
"""Enabling and restarting kdump on a pretend node: what they do, what they say, and that a kill breaks nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.unit.kept import captured, evidence
from selftest.unit.pretend import PretendNode, initrd

from kdumpcheck.checks import Subject
from kdumpcheck.remedies import REMEDIES, Action, RemedyError

OLD = initrd(b"old")
Breaker = Callable[[PretendNode], None]


def plan(name: str, case: str = "healthy", **changed: bytes) -> Action:
    return REMEDIES[name].plan(Subject(evidence("ncn-w001", {**captured(case), **changed})))


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    return broken(tmp_path / "node")


def broken(root: Path) -> PretendNode:
    """A node on which nothing is loaded and one unit is not enabled."""
    node = PretendNode(root)
    node.initrd.write_bytes(OLD)
    node.arm(loaded=False, unit="failed")
    (root / "enabled-kdump-early.service").write_text("disabled\n")
    return node


def units(**changed: bytes) -> bytes:
    """What systemd says of both units, with a word of the early one changed."""
    text = captured("healthy")["units"]
    head, mark, tail = text.partition(b"Id=kdump-early.service")
    for key, value in changed.items():
        lines = [
            key.encode() + b"=" + value if line.startswith(key.encode() + b"=") else line for line in tail.split(b"\n")
        ]
        tail = b"\n".join(lines)
    return head + mark + tail


class TestEnable:
    def test_only_what_is_not_enabled_is_in_the_plan(self) -> None:
        action = plan("service.enable", "early-not-enabled")
        assert action.changes == {"kdump-early.service": {"old": "disabled", "new": "enabled"}}
        assert action.comment == "enable kdump-early.service"

    def test_it_enables_and_starts_nothing(self, node: PretendNode) -> None:
        answer = node.run(plan("service.enable").script)
        assert (answer["result"], answer["comment"]) == ("mended", "enabled: kdump-early.service")
        assert node.calls == ["systemctl enable kdump-early.service"]
        again = node.run(plan("service.enable").script)
        assert (again["result"], again["comment"]) == ("mended", "enabled: nothing, all were")

    def test_what_cannot_be_enabled_is_named(self, node: PretendNode) -> None:
        node.does("systemctl", "no-enable")
        answer = node.run(plan("service.enable").script)
        assert answer["result"] == "failed"
        assert answer["comment"].startswith("not enabled: kdump-early.service (")

    def test_a_masked_unit_is_left_to_whoever_masked_it(self) -> None:
        with pytest.raises(RemedyError, match=r"kdump-early\.service is masked"):
            plan("service.enable", units=units(LoadState=b"masked", UnitFileState=b"masked"))

    def test_a_missing_unit_is_told(self) -> None:
        with pytest.raises(RemedyError, match="reinstall the package kdump"):
            plan("service.enable", units=units(LoadState=b"not-found", UnitFileState=b""))


class TestRestart:
    def test_it_loads_what_lies_on_disk(self, node: PretendNode) -> None:
        answer = node.run(plan("service.restart").script)
        assert (answer["result"], answer["loaded"]) == ("mended", "1")
        assert (node.root / "loaded").read_bytes() == OLD
        assert node.calls == ["systemctl restart kdump.service"]

    def test_what_cannot_be_read_is_not_loaded(self, node: PretendNode) -> None:
        node.initrd.write_bytes(b"garbage")
        answer = node.run(plan("service.restart").script)
        assert answer["result"] == "failed"
        assert "rebuild it first (initrd.rebuild); nothing was changed" in answer["comment"]
        assert node.calls == []

    def test_when_it_does_not_start_the_early_unit_arms_the_node_and_the_journal_is_told(
        self, node: PretendNode
    ) -> None:
        node.does("systemctl", "refuse-main")
        answer = node.run(plan("service.restart").script)
        assert (answer["result"], answer["loaded"]) == ("undone", "1")
        assert "but a capture kernel is loaded; the journal says: " in answer["comment"]
        assert "Device or resource busy" in answer["comment"]

    def test_when_nothing_loads_it_says_so(self, node: PretendNode) -> None:
        node.does("systemctl", "refuse-all")
        answer = node.run(plan("service.restart").script)
        assert (answer["result"], answer["loaded"]) == ("undone", "0")
        assert "did not load a capture kernel, nor did kdump-early.service" in answer["comment"]

    def test_without_crash_memory_it_refuses(self) -> None:
        with pytest.raises(RemedyError, match="no crash memory is reserved"):
            plan("service.restart", "no-crashkernel")

    def test_where_kexec_is_switched_off_it_refuses(self) -> None:
        with pytest.raises(RemedyError, match="kexec_load_disabled"):
            plan("service.restart", controls=b"sysctl.panic_on_oops=1\nsysctl.kexec_load_disabled=1\n")


@pytest.mark.parametrize("name", ["service.enable", "service.restart"])
def test_killed_at_any_moment_the_next_run_ends_it(tmp_path: Path, name: str) -> None:
    script = plan(name).script
    first = broken(tmp_path / "first")
    first.run(script)
    for number in range(1, len(first.steps) + 1):
        node = broken(tmp_path / str(number))
        node.kill_at(number)
        assert node.run(script) == {}, "the script was to be killed here"
        (node.root / "kill-at").unlink()
        assert node.run(script)["result"] == "mended"
        assert node.initrd.read_bytes() == OLD


@pytest.mark.parametrize("name", ["service.enable", "service.restart"])
def test_half_a_script_does_nothing(node: PretendNode, name: str) -> None:
    whole = plan(name).script.rstrip("\n")
    for cut in range(0, len(whole), len(whole) // 20):
        node.start(whole[:cut]).communicate(timeout=600)
        assert node.calls == [], f"cut at {cut}"
