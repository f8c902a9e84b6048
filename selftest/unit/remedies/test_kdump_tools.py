# SPDX-License-Identifier: Apache-2.0
"""The repairs on a pretend node with Debian's kdump-tools, whose own builder takes the old initrd away first."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.kept import evidence
from selftest.unit.pretend import KERNEL, initrd
from selftest.unit.pretend_debian import HOOK, INITRD, RECORD, SYSCTL, UNIT, DebianNode
from selftest.unit.remedies.planned import cut
from selftest.unit.site import ROOT

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import load
from kdumpcheck.providers import kdump_tools
from kdumpcheck.remedies import REMEDIES, Action, RemedyError

OLD = initrd(b"old", length=64)
RELEASE = "6.1.0-56-cloud-amd64"
KEPT = {INITRD, RECORD}


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of /etc are those of the machine that runs this."""
    monkeypatch.setattr(kdump_tools, "_HOOK", HOOK)
    monkeypatch.setattr(kdump_tools, "_SYSCTL", SYSCTL)


def plan(name: str, settings: bytes = b"") -> Action:
    """What is planned on the lab's own Debian node, as if it ran the pretend node's kernel."""
    kept = load(ROOT / "selftest/cases/kdump_tools/healthy.evidence.gz")
    sections = {section: output.data for section, output in kept.outputs.items()}
    sections["defaults"] += settings
    renamed = {section: data.replace(RELEASE.encode(), KERNEL.encode()) for section, data in sections.items()}
    return REMEDIES[name].plan(Subject(evidence("ncn-w001", renamed)))


@pytest.fixture
def node(tmp_path: Path) -> DebianNode:
    return with_old(tmp_path / "node")


def with_old(root: Path) -> DebianNode:
    node = DebianNode(root)
    node.initrd.write_bytes(OLD)
    return node


def is_new(node: DebianNode) -> bool:
    content = node.initrd.read_bytes()
    # With another record the next load would throw the initrd away, and build one that nobody has proved.
    return b"new" in content and content.endswith(b"TRAILER") and node.record.read_text() == "kernel.panic = 10\n"


def is_old(node: DebianNode) -> bool:
    return node.initrd.read_bytes() == OLD


class TestRebuild:
    def test_it_is_built_beside_and_loaded(self, node: DebianNode) -> None:
        answer = node.run(plan("initrd.rebuild").script)
        assert (answer["result"], answer["loaded"]) == ("mended", "1"), answer
        assert is_new(node)
        assert (node.root / "loaded").read_bytes() == node.initrd.read_bytes()
        assert node.files == KEPT
        # One build: what was proved is what is loaded.
        assert node.calls == [f"hook {KERNEL}", f"systemctl restart {UNIT}"]

    def test_a_missing_one_is_built(self, node: DebianNode) -> None:
        node.initrd.unlink()
        node.record.unlink()
        assert node.run(plan("initrd.rebuild").script)["result"] == "mended"
        assert is_new(node)
        assert node.files == KEPT

    def test_the_one_in_use_stays_whole_while_it_builds(self, node: DebianNode) -> None:
        holder = node.hold("hook")
        process = node.start(plan("initrd.rebuild").script)
        while not (node.root / "holding").exists():
            assert process.poll() is None
        assert is_old(node)
        assert node.loaded.read_text() == "1\n"
        holder.unlink()
        process.communicate(timeout=20)
        assert is_new(node)

    @pytest.mark.parametrize("what", ["nothing", "garbage", "empty", "cut", "fail", "fail-late"])
    def test_a_builder_that_builds_nothing_good_changes_nothing(self, node: DebianNode, what: str) -> None:
        node.does("hook", what)
        answer = node.run(plan("initrd.rebuild").script)
        assert (answer["result"], answer["loaded"]) == ("failed", "1")
        assert "nothing was changed" in answer["comment"]
        assert (is_old(node), node.record.read_text(), node.files) == (True, "of before\n", KEPT)

    def test_the_old_one_comes_back_when_the_new_one_does_not_load(self, node: DebianNode) -> None:
        node.does("systemctl", "refuse-new")
        answer = node.run(plan("initrd.rebuild").script)
        assert (answer["result"], answer["loaded"]) == ("undone", "1"), answer
        assert (is_old(node), node.files) == (True, KEPT)

    @pytest.mark.parametrize("does", ["good", "refuse-new"])
    def test_killed_at_any_moment_it_leaves_a_whole_initrd(self, tmp_path: Path, does: str) -> None:
        script = plan("initrd.rebuild").script
        first = with_old(tmp_path / "first")
        first.does("systemctl", does)
        first.run(script)
        assert len(first.steps) > 12
        for number in range(1, len(first.steps) + 1):
            node = with_old(tmp_path / str(number))
            node.does("systemctl", does)
            node.kill_at(number)
            assert node.run(script) == {}, "the script was to be killed here"
            step = first.steps[number - 1]
            assert node.initrd.read_bytes() == OLD or node.initrd.read_bytes().endswith(b"TRAILER"), step
            (node.root / "kill-at").unlink()
            node.does("systemctl", "good")
            assert node.run(script)["result"] == "mended", step
            assert (is_new(node), node.files) == (True, KEPT), step

    def test_half_of_the_script_does_nothing(self, node: DebianNode) -> None:
        cut(node, plan("initrd.rebuild").script)
        assert (is_old(node), node.calls) == (True, [])


class TestRestart:
    def test_it_loads_and_says_so(self, node: DebianNode) -> None:
        node.arm(loaded=False)
        answer = node.run(plan("service.restart").script)
        assert (answer["result"], answer["loaded"]) == ("mended", "1")
        assert node.calls[0] == f"systemctl restart {UNIT}"

    def test_a_green_unit_that_loaded_nothing_is_no_success(self, node: DebianNode) -> None:
        node.does("systemctl", "refuse-all")
        answer = node.run(plan("service.restart").script)
        assert (answer["result"], answer["loaded"]) == ("undone", "0")
        assert f"{UNIT} did not load" in answer["comment"]

    def test_what_cannot_be_read_is_not_loaded(self, node: DebianNode) -> None:
        node.initrd.write_bytes(OLD[:20])
        answer = node.run(plan("service.restart").script)
        assert answer["result"] == "failed"
        assert node.calls == []

    @pytest.mark.parametrize("remedy", ["service.restart", "initrd.rebuild"])
    @pytest.mark.parametrize(
        ("settings", "why"),
        [
            (b"USE_KDUMP=0\n", "USE_KDUMP is not 1"),
            (b"KDUMP_INITRD=/boot/initrd.img\n", "was not made by kdump-tools"),
        ],
    )
    def test_settings_that_load_nothing_of_it_are_told(self, remedy: str, settings: bytes, why: str) -> None:
        with pytest.raises(RemedyError, match=why):
            plan(remedy, settings)
