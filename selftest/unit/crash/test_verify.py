# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.unit.crash.made import CRASHED, DUMP, NEW, POINT, RELEASE, VMCORE, answer, details, survey

from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.crash.details import Details
from kdumpcheck.crash.survey import Survey
from kdumpcheck.crash.verify import Left, back, points
from kdumpcheck.dumps import Contents, Kind
from kdumpcheck.dumps.verdict import cut
from kdumpcheck.evidence import Unknown
from kdumpcheck.places import coredir, rootraid

COPIES = {"KDUMP_COPY_KERNEL": "yes"}
GOOD = Left(survey(NEW, boot="2222", clock=1100), details(), VMCORE, COPIES, keeps_symbols=True, place=rootraid.PLACE)


def wrong(left: Left, crashed: Crashed = CRASHED) -> set[str]:
    return {gate.name.removeprefix("proof.") for gate in points(crashed, left) if not gate.holds}


def test_a_good_dump_is_good_in_every_point() -> None:
    found = points(CRASHED, GOOD)
    assert {gate.name.removeprefix("proof.") for gate in found} == {
        *("one-dump", "earlier-dumps", "whole", "kernel", "time", "marker", "readme", "symbols", "in-view", "linked"),
    }
    assert wrong(GOOD) == set()


def test_no_dump_and_two_dumps_are_not_one() -> None:
    nothing = Left(survey(boot="2222"), None, None, {}, keeps_symbols=False, place=rootraid.PLACE)
    assert wrong(nothing) == {"one-dump"}
    two = replace(nothing, after=survey(NEW, f"{POINT}/crash/2026-11-25-10:01", boot="2222"))
    assert wrong(two) == {"one-dump"}


def test_an_earlier_dump_that_went_is_told() -> None:
    old = f"{DUMP}/2026-01-01-00:00"
    assert wrong(GOOD, replace(CRASHED, before=survey(old))) == {"earlier-dumps"}


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"flaw": cut("it ends within a piece")}, "whole"),
        ({"told": Contents("5.14.21-other", 1005)}, "kernel"),
        ({"told": Contents(RELEASE, 990)}, "time"),
        ({"told": Contents(RELEASE, 1500)}, "time"),
        ({"told": Contents(RELEASE, None)}, "time"),
    ],
)
def test_a_vmcore_that_is_not_ours_or_not_whole(changes: dict[str, object], point: str) -> None:
    assert wrong(replace(GOOD, vmcore=replace(VMCORE, **changes))) == {point}  # type: ignore[arg-type]  # any field


def test_what_is_no_vmcore_is_asked_nothing_more() -> None:
    left = replace(GOOD, vmcore=replace(VMCORE, kind=Kind.NONE, flaw=cut("it is empty"), told=Contents()))
    assert wrong(left) == {"whole"}


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"marked": False}, "marker"),
        ({"marked": False, "log": ""}, "marker"),
        ({"readme": ("If you see this text the crash dump is likely incomplete.",)}, "readme"),
        ({"readme": ("vmcore status: error while saving",)}, "readme"),
        ({"shown": False}, "in-view"),
        ({"linked": False}, "linked"),
        ({"files": (("vmcore", 9), ("README.txt", 9))}, "symbols"),
    ],
)
def test_a_directory_that_is_not_as_it_must_be(changes: dict[str, object], point: str) -> None:
    assert wrong(replace(GOOD, details=replace(details(), **changes))) == {point}  # type: ignore[arg-type]  # any field


DEBIAN = "/var/crash/202611251000"


def test_a_dump_in_a_save_directory_is_asked_for_no_link_and_no_readme() -> None:
    files = (("dmesg.202611251000", 31064), ("dump.202611251000", 18_606_639))
    found = Details(DEBIAN, files, (), "dmesg.202611251000", marked=True, shown=True, linked=False)
    after = replace(survey(DEBIAN, boot="2222", clock=1100), point="/var/crash", shown="/var/crash")
    left = Left(after, found, VMCORE, {}, keeps_symbols=False, place=coredir.PLACE)
    names = {"one-dump", "earlier-dumps", "whole", "kernel", "time", "marker", "named", "in-view"}
    assert {gate.name.removeprefix("proof.") for gate in points(CRASHED, left)} == names
    assert wrong(left) == set()
    said = " ".join(gate.said for gate in points(CRASHED, left))
    assert "ROOTRAID" not in said
    assert "README" not in said
    half = replace(found, files=(("dump-incomplete", 9),))
    assert wrong(replace(left, details=half)) == {"named"}
    nothing = replace(left, after=replace(after, dumps=frozenset()), details=None, vmcore=None)
    assert points(CRASHED, nothing)[0].said == "the crash left no dump anywhere in the save directory"


def test_symbols_are_asked_for_only_where_kdump_keeps_them() -> None:
    bare = replace(details(), files=(("vmcore", 9), ("README.txt", 9)))
    assert wrong(replace(GOOD, details=bare, keeps_symbols=False)) == set()
    assert wrong(replace(GOOD, details=bare, settings={"KDUMP_COPY_KERNEL": "no"})) == set()


def test_a_node_is_back_in_another_boot_and_armed() -> None:
    good = survey(boot="2222")
    unit = "kdump.service"
    assert [gate.holds for gate in back(CRASHED, good, unit)] == [True, True]
    assert [gate.holds for gate in back(CRASHED, survey(), unit)] == [False, True]
    assert [gate.holds for gate in back(CRASHED, replace(good, loaded=False), unit)] == [True, False]
    assert [gate.holds for gate in back(CRASHED, replace(good, unit="failed"), unit)] == [True, False]


@pytest.mark.parametrize(
    ("unit", "system", "loaded", "settled"),
    [
        ("active", "starting", True, True),
        ("activating", "running", True, False),
        ("inactive", "starting", False, False),
        ("inactive", "running", False, True),
        ("failed", "starting", False, True),
    ],
)
def test_kdump_is_waited_for_while_it_may_still_come(unit: str, system: str, loaded: bool, settled: bool) -> None:
    assert replace(survey(), unit=unit, system=system, loaded=loaded).settled is settled


def test_a_survey_is_read_whole_or_not_at_all() -> None:
    assert Survey.parse(answer(survey(NEW))) == survey(NEW)
    assert isinstance(Survey.parse(answer(survey(NEW)).replace(b"whole=yes", b"")), Unknown)


def test_a_crash_is_kept_as_it_was() -> None:
    assert Crashed.of_json(CRASHED.to_json()) == CRASHED
    with pytest.raises(ValueError, match="no record"):
        Crashed.of_json({"node": "x"})


@given(st.binary())
def test_any_answer_is_read(said: bytes) -> None:
    assert isinstance(Survey.parse(said), Survey | Unknown)
    assert Details.parse("/x/y", said) is None or b"whole=yes" in said
