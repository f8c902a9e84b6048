# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from selftest.detection.cell import Cell, Shape
from selftest.detection.outcome import Left, Outcome
from selftest.detection.rules import disagreements
from selftest.detection.verdict import Verdict

HEALTHY = Cell(dialect="suse_legacy")
STALE = Cell(dialect="suse_legacy", faults=("initrd-stale",))
UNLOADED = Cell(dialect="suse_legacy", faults=("unloaded",))


def said(fails: str = "", warns: str = "", errors: str = "") -> Verdict:
    return Verdict(*(frozenset(words.split()) for words in (fails, warns, errors)))


def left(what: Left) -> Outcome:
    return Outcome(left=what, ended="restarted")


def kinds(cell: Cell, verdict: Verdict, outcome: Outcome) -> list[str]:
    return [each.kind for each in disagreements(cell, verdict, outcome)]


@pytest.mark.parametrize(
    ("cell", "verdict", "what"),
    [
        (HEALTHY, said(), Left.DUMP),
        (STALE, said(warns="initrd.fresh"), Left.DUMP),
        (UNLOADED, said(fails="service.loaded"), Left.NONE),
    ],
)
def test_verdict_and_crash_agree(cell: Cell, verdict: Verdict, what: Left) -> None:
    assert kinds(cell, verdict, left(what)) == []


@pytest.mark.parametrize("what", [Left.NONE, Left.UNUSABLE, Left.ELSEWHERE])
def test_no_fail_and_no_dump_is_a_false_green(what: Left) -> None:
    assert kinds(HEALTHY, said(), left(what)) == ["false green", "another outcome"]
    assert "false green" in kinds(STALE, said(warns="initrd.fresh"), left(what))


def test_a_fail_with_a_dump_is_a_false_red() -> None:
    assert kinds(UNLOADED, said(fails="service.loaded"), left(Left.DUMP)) == ["false red", "another outcome"]


def test_what_could_not_be_told_is_neither() -> None:
    gone = Cell(dialect="suse_legacy", faults=("initrd-gone-but-loaded",))
    assert kinds(gone, said(warns="initrd.present", errors="initrd.readable"), left(Left.DUMP)) == []
    assert "false green" not in kinds(gone, said(warns="initrd.present", errors="initrd.readable"), left(Left.NONE))


def test_a_fault_that_is_not_named_and_what_is_named_beside_it_are_told() -> None:
    assert kinds(STALE, said(), left(Left.DUMP)) == ["not named"]
    assert kinds(STALE, said(warns="initrd.fresh links.boot"), left(Left.DUMP)) == ["also named"]
    assert kinds(STALE, said(warns="initrd.fresh", errors="a.b"), left(Left.DUMP)) == ["could not look"]
    assert kinds(HEALTHY, said(warns="a.b"), left(Left.DUMP)) == ["also named"]


def test_of_two_faults_or_another_shape_only_the_crash_is_asked() -> None:
    two = Cell(dialect="suse_legacy", faults=("unloaded", "disk-full"))
    other = Cell(dialect="suse_legacy", shape=Shape(crashkernel="96M"))
    assert kinds(two, said(fails="service.loaded"), left(Left.NONE)) == []
    assert kinds(other, said(fails="crashkernel.enough"), left(Left.NONE)) == []
    assert kinds(other, said(), left(Left.NONE)) == ["false green"]
