# SPDX-License-Identifier: Apache-2.0
"""The rebuild on a pretend node of kdump 1.9 and later, whose builder writes to one place only."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.kept import captured, evidence
from selftest.unit.pretend import KERNEL, PretendNode, initrd

from kdumpcheck.checks import Subject
from kdumpcheck.remedies import initrd_rebuild

OLD = initrd(b"old", length=64)
NEW_LINE = b"asked\trpm\nrpm\tkdump\t2.0.6+git-150600.3\n"
FILES = {"initrd", "kernel"}
BEFORE = "/boot/vmlinuz-of-before"


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    return with_old(PretendNode(tmp_path / "node", newer=True))


@pytest.fixture
def script() -> str:
    subject = Subject(evidence("ncn-w001", {**captured("healthy"), "packages": NEW_LINE}))
    action = initrd_rebuild.REMEDY.plan(subject)
    assert set(action.changes) == {"/var/lib/kdump/initrd"}
    return action.script


def with_old(node: PretendNode) -> PretendNode:
    node.initrd.write_bytes(OLD)
    kernel(node).unlink()
    kernel(node).symlink_to(BEFORE)
    return node


def kernel(node: PretendNode) -> Path:
    return node.initrd.with_name("kernel")


def is_new(node: PretendNode) -> bool:
    content = node.initrd.read_bytes()
    return (
        b"new" in content and content.endswith(b"TRAILER") and str(kernel(node).readlink()) == f"/boot/vmlinuz-{KERNEL}"
    )


def is_old(node: PretendNode) -> bool:
    return node.initrd.read_bytes() == OLD and str(kernel(node).readlink()) == BEFORE


def test_it_is_replaced_with_its_link_and_loaded(node: PretendNode, script: str) -> None:
    answer = node.run(script)
    assert (answer["result"], answer["comment"]) == ("mended", "rebuilt /var/lib/kdump/initrd and loaded it")
    assert is_new(node)
    assert node.files == FILES
    assert node.calls == ["mkdumprd -f", "systemctl restart kdump.service"]


def test_a_missing_one_is_built(node: PretendNode, script: str) -> None:
    node.initrd.unlink()
    kernel(node).unlink()
    assert node.run(script)["result"] == "mended"
    assert is_new(node)
    assert node.files == FILES


def test_the_one_in_use_stays_whole_while_it_builds(node: PretendNode, script: str) -> None:
    holder = node.hold()
    process = node.start(script)
    while not (node.root / "holding").exists():
        assert process.poll() is None
    assert is_old(node)
    assert node.loaded.read_text() == "1\n"
    holder.unlink()
    process.communicate(timeout=600)
    assert is_new(node)


@pytest.mark.parametrize("what", ["nothing", "garbage", "empty", "cut", "fail", "fail-late"])
def test_a_builder_that_builds_nothing_good_changes_nothing(node: PretendNode, script: str, what: str) -> None:
    node.does("mkdumprd", what)
    answer = node.run(script)
    assert answer["result"] == "failed"
    assert "nothing was changed" in answer["comment"]
    assert is_old(node)
    assert node.files == FILES
    assert answer["loaded"] == "1"


def test_the_old_pair_comes_back_when_the_new_one_does_not_load(node: PretendNode, script: str) -> None:
    node.does("systemctl", "refuse-new")
    answer = node.run(script)
    assert answer["result"] == "undone"
    assert "a capture kernel is loaded" in answer["comment"]
    assert is_old(node)
    assert node.files == FILES


@pytest.mark.parametrize("does", ["good", "refuse-new"])
def test_killed_at_any_moment_it_leaves_an_initrd_and_never_the_old_one_for_the_new_kernel(
    tmp_path: Path, script: str, does: str
) -> None:
    first = with_old(PretendNode(tmp_path / "first", newer=True))
    first.does("systemctl", does)
    first.run(script)
    assert len(first.steps) > 12
    for number in range(1, len(first.steps) + 1):
        node = with_old(PretendNode(tmp_path / str(number), newer=True))
        node.does("systemctl", does)
        node.kill_at(number)
        assert node.run(script) == {}, "the script was to be killed here"
        if node.initrd.read_bytes() == OLD:
            assert is_old(node), f"killed before {first.steps[number - 1]}"
        (node.root / "kill-at").unlink()
        node.does("systemctl", "good")
        assert node.run(script)["result"] == "mended"
        assert is_new(node)
        assert node.files == FILES
