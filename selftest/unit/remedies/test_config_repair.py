# SPDX-License-Identifier: Apache-2.0
"""Mending module_blacklist= on a pretend node: one line changes, and the file is never half there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selftest.unit.pretend import PretendNode
from selftest.unit.remedies.planned import cut, killed, plan

from kdumpcheck.remedies import RemedyError, config_repair
from kdumpcheck.remedies.config_repair import merged

BROKEN = 'KDUMP_COMMANDLINE_APPEND="qedi,qed,module_blacklist=mlx5_core,qed irqpoll panic=10"'
MENDED = 'KDUMP_COMMANDLINE_APPEND="module_blacklist=qedi,qed,mlx5_core irqpoll panic=10"'
BEFORE = f'## Path: \\System\n# a "comment" with $(signs) and \\n\nKDUMP_SAVEDIR="file:///crash"\n{BROKEN}\nLAST=1'
AFTER = BEFORE.replace(BROKEN, MENDED) + "\n"


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_repair, "CONFIG", "/run/kdump")


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    node = PretendNode(tmp_path / "node")
    prepare(node)
    return node


def prepare(node: PretendNode) -> None:
    config(node).write_text(BEFORE)
    config(node).chmod(0o640)


def config(node: PretendNode) -> Path:
    return node.root / "run/kdump"


def script(line: str = BROKEN) -> str:
    return plan("config.repair", sections={"sysconfig.live": f"{line}\n".encode()}).script


class TestPlan:
    def test_shows_the_words_before_and_after(self) -> None:
        (change,) = plan("config.repair", sections={"sysconfig.live": f"{BROKEN}\n".encode()}).changes.values()
        assert change == {
            "old": "qedi,qed,module_blacklist=mlx5_core,qed",
            "new": "module_blacklist=qedi,qed,mlx5_core",
        }

    @pytest.mark.parametrize(
        ("value", "after"),
        [
            ("a module_blacklist=x b module_blacklist=y,z", "a module_blacklist=x,y,z b"),
            ("x,y,module_blacklist=z module_blacklist=x", "module_blacklist=x,y,z"),
            ("module_blacklist=x,", "module_blacklist=x"),
        ],
    )
    def test_makes_one_list_of_all(self, value: str, after: str) -> None:
        assert merged(value)[1] == after

    @pytest.mark.parametrize(
        "value",
        ["", "irqpoll", "a,b c", "a,b module_blacklist=c", "a;b,module_blacklist=c", "x$(y),module_blacklist=c"],
    )
    def test_refuses_what_it_does_not_understand(self, value: str) -> None:
        with pytest.raises(RemedyError):
            merged(value)

    @pytest.mark.parametrize("line", ["OTHER=1", "KDUMP_COMMANDLINE_APPEND=a,module_blacklist\\=b\\ c"])
    def test_refuses_a_line_it_cannot_change(self, line: str) -> None:
        with pytest.raises(RemedyError):
            script(line)


class TestScript:
    def test_one_line_changes_and_the_rest_stays(self, node: PretendNode) -> None:
        before = config(node).stat()
        assert node.run(script())["result"] == "mended"
        assert config(node).read_text() == AFTER
        after, kept = config(node).stat(), config(node).with_name("kdump.before-kdumpcheck")
        assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
        assert kept.read_text() == BEFORE
        assert kept.stat().st_mtime_ns == before.st_mtime_ns

    def test_a_second_run_changes_nothing(self, node: PretendNode) -> None:
        node.run(script())
        before = config(node).stat()
        answer = node.run(script())
        after = config(node).stat()
        assert answer["result"] == "mended"
        # Reading it may change the time of its last access.
        assert (after.st_ino, after.st_mtime_ns, after.st_ctime_ns) == (
            before.st_ino,
            before.st_mtime_ns,
            before.st_ctime_ns,
        )
        assert config(node).with_name("kdump.before-kdumpcheck").read_text() == BEFORE

    def test_a_file_that_somebody_changed_meanwhile_is_theirs(self, node: PretendNode) -> None:
        config(node).write_text(BEFORE.replace("irqpoll", ""))
        answer = node.run(script())
        assert answer["result"] == "failed"
        assert "has changed since it was looked at" in answer["comment"]
        assert config(node).read_text() == BEFORE.replace("irqpoll", "")

    def test_a_link_is_left_alone(self, node: PretendNode) -> None:
        os.rename(config(node), config(node).with_name("real"))  # noqa: PTH104 - shorter beside the next line
        config(node).symlink_to("real")
        assert node.run(script())["result"] == "failed"
        assert config(node).is_symlink()

    def test_killed_at_any_moment_the_file_is_whole_and_the_next_run_ends_it(self, tmp_path: Path) -> None:
        for node, step in killed(tmp_path, script(), prepare):
            assert config(node).read_text() in {BEFORE, AFTER}, f"killed before {step}"
            assert node.run(script())["result"] == "mended"
            assert config(node).read_text() == AFTER
            assert not config(node).with_name("kdump.kdumpcheck-new").exists()

    def test_half_a_script_does_nothing(self, node: PretendNode) -> None:
        cut(node, script())
        assert config(node).read_text() == BEFORE
