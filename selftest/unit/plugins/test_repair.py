# SPDX-License-Identifier: Apache-2.0
"""The repair of the example site: planned from kept evidence, and its script run on a pretend node."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.unit.pretend import PretendNode
from selftest.unit.remedies.planned import killed
from selftest.unit.site import ROOT, Site, site

from kdumpcheck import plugins
from kdumpcheck.checks import Subject
from kdumpcheck.evidence import load
from kdumpcheck.remedies import REMEDIES, Action

__all__ = ["site"]
EXAMPLE = ROOT / "examples" / "site"
WITH = ("--plugin-dir", EXAMPLE / "plugins")
OFF = ROOT / "selftest/cases/suse/panic-on-oops-off.evidence.gz"


@pytest.fixture(autouse=True)
def loaded() -> Iterator[None]:
    plugins.load([EXAMPLE / "plugins"])
    yield
    plugins.load()


def test_a_check_of_the_site_calls_for_it_and_its_plan_is_shown(site: Site) -> None:
    (site.path / "kept").mkdir()
    (site.path / "kept" / "ncn-w001.evidence.gz").write_bytes(OFF.read_bytes())
    places = ("tests/recovery", EXAMPLE / "recovery", EXAMPLE / "checks")
    site.run(*places, "--replay", "kept", *WITH, "-k", "site or oops")
    (step,) = [each for each in site.document()["plan"] if each["name"] == "site.oops"]
    assert (step["comment"], step["possible"], step["mends"]) == ("have every oops crash the node", True, ["site.oops"])
    assert step["changes"] == {"kernel.panic_on_oops": {"old": "0", "new": "1"}}


def planned(place: Path) -> Action:
    """The plan, with the files of this test in the place of the node's."""
    action = REMEDIES["site.oops"].plan(Subject(load(OFF)))
    script = action.script
    for here, there in (
        ("file=/etc/sysctl.d/90-site-oops.conf", "file"),
        ("switch=/proc/sys/kernel/panic_on_oops", "switch"),
    ):
        assert script.count(here) == 1
        script = script.replace(here, f"{there}={place / there}")
    return Action(action.comment, action.changes, script, action.seconds)


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    return PretendNode(tmp_path / "node")


def test_it_is_set_for_now_and_for_the_next_boot(node: PretendNode, tmp_path: Path) -> None:
    for _ in range(2):
        answer = node.run(planned(tmp_path).script)
        assert answer["result"] == "mended"
        assert (tmp_path / "file").read_text() == "kernel.panic_on_oops = 1\n"
        assert (tmp_path / "switch").read_text() == "1\n"
        assert not (tmp_path / "file.new").exists()


def test_a_file_that_cannot_be_written_changes_nothing(node: PretendNode, tmp_path: Path) -> None:
    (tmp_path / "file.new").mkdir()
    answer = node.run(planned(tmp_path).script)
    assert answer["result"] == "failed"
    assert "nothing was changed" in answer["comment"]
    assert not (tmp_path / "switch").exists()


def test_a_kernel_that_does_not_take_it_is_told(node: PretendNode, tmp_path: Path) -> None:
    (tmp_path / "switch").mkdir()
    answer = node.run(planned(tmp_path).script)
    assert (answer["result"], "the running kernel does not take it" in answer["comment"]) == ("failed", True)


def test_wherever_it_is_killed_the_file_is_whole_or_not_there_and_the_next_run_ends_it(tmp_path: Path) -> None:
    script, file = planned(tmp_path).script, tmp_path / "file"

    def without(_node: PretendNode) -> None:
        file.unlink(missing_ok=True)

    for node, _step in killed(tmp_path / "nodes", script, without):
        assert not file.exists() or file.read_text() == "kernel.panic_on_oops = 1\n"
        assert node.run(script)["result"] == "mended"
        assert file.exists()
