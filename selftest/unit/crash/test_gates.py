# SPDX-License-Identifier: Apache-2.0
"""What a node's evidence opens and closes. The nodes are captured ones."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from selftest.unit.crash.made import survey
from selftest.unit.kept import captured, evidence
from selftest.unit.site import ROOT

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Judge, Outcome, Result, Subject
from kdumpcheck.crash.gates import gates_of, validation, written_over
from kdumpcheck.evidence import load
from kdumpcheck.guards import Gate

JUDGE = Judge(load_checks(ROOT / "tests" / "validation"))
OURS = "0b2a5c7e-1111-4222-8333-444455556666"


def gates(
    case: str = "healthy", despite: frozenset[str] = frozenset(), ours: str = OURS, **changed: bytes
) -> dict[str, Gate]:
    subject = Subject(evidence("ncn-w001", {**captured(case), **changed}))
    found = gates_of(subject, JUDGE.judge_all(subject), despite, ours)
    return {gate.name: gate for gate in found}


def closed(**found: Gate) -> set[str]:
    return {name for name, gate in found.items() if not gate.holds}


def without(section: str, *words: bytes) -> bytes:
    data = captured("healthy")[section]
    for word in words:
        assert word in data
        data = data.replace(word, b"")
    return data


def test_a_healthy_node_opens_all() -> None:
    found = gates()
    assert set(found) == {f"crash.{name}" for name in ("validation", "kernel", "boot", "space", "retention")}
    assert closed(**found) == set()


def debian(settings: bytes = b"", **changed: bytes) -> dict[str, Gate]:
    """The gates of a Debian node with these lines at the end of its settings."""
    kept = load(ROOT / "selftest/cases/kdump_tools/healthy.evidence.gz")
    sections = {name: output.data for name, output in kept.outputs.items()} | changed
    sections["defaults"] += settings
    subject = Subject(evidence("ncn-w001", sections))
    found = gates_of(subject, JUDGE.judge_all(subject), frozenset(), OURS)
    return {gate.name: gate for gate in found}


def test_a_node_whose_kdump_saves_elsewhere_is_asked_for_its_own_place_and_for_no_hook() -> None:
    found = debian()
    assert set(found) == {f"crash.{name}" for name in ("validation", "kernel", "settings", "space", "retention")}
    assert closed(**found) == set()
    assert "free in the save directory" in found["crash.space"].said
    assert found["crash.retention"].said == "0 earlier dumps, and none goes (KDUMP_NUM_DUMPS=0)"


@pytest.mark.parametrize(
    ("settings", "shut"),
    [
        (b"KDUMP_COMPRESSION=gzip\n", {"crash.settings"}),
        (b"KDUMP_DUMP_DMESG=0\n", {"crash.settings"}),
        (b"SSH=root@there\n", {"crash.settings", "crash.validation"}),
        (b"KDUMP_NUM_DUMPS=many\n", {"crash.retention"}),
        (b"KDUMP_NUM_DUMPS=2\n", {"crash.retention"}),
        (b"KDUMP_NUM_DUMPS=3\n", set()),
        (b"KDUMP_NUM_DUMPS=$(nproc)\n", {"crash.validation", "crash.settings", "crash.space", "crash.retention"}),
    ],
)
def test_settings_of_kdump_tools_close_gates(settings: bytes, shut: set[str]) -> None:
    kept = load(ROOT / "selftest/cases/kdump_tools/healthy.evidence.gz").outputs["dumps"].data
    place = b"place\t/var/crash\t"
    assert place in kept
    two = kept.replace(place + b"0", place + b"2") + b"dump\t/var/crash/202601010000\ndump\t/var/crash/202601020000\n"
    files = b"".join(b"file\t/var/crash/2026010%b0000/dump.2026010%b0000\t9\n" % (day, day) for day in (b"1", b"2"))
    found = debian(settings, dumps=two + files)
    assert closed(**found) == shut
    if b"=2" in settings:
        assert "would delete 202601010000 after it has saved" in found["crash.retention"].said


def test_little_room_in_the_save_directory_has_a_check_of_its_own() -> None:
    kept = load(ROOT / "selftest/cases/kdump_tools/healthy.evidence.gz").outputs["dumps"].data
    gate = debian(dumps=re.sub(rb"(?m)^free=.*$", b"free=30000", kept))["crash.space"]
    assert (gate.holds, "--despite savecore.space" in gate.said) == (False, True)


def test_a_dump_that_would_be_written_over_closes_a_gate() -> None:
    before = replace(survey("/var/crash/202611281919"), stamp="202611281920")
    assert [gate.holds for gate in written_over(before)] == [True]
    assert [gate.holds for gate in written_over(replace(before, stamp="202611281919"))] == [False]
    # A clock that was set back: the minute of that dump is yet to come.
    assert [gate.holds for gate in written_over(replace(before, stamp="202611281910"))] == [False]
    assert written_over(replace(before, stamp="")) == []


@pytest.mark.parametrize(
    ("case", "shut"),
    [
        ("crashkernel-96M", {"crash.validation"}),
        ("no-wipe-0", {"crash.validation", "crash.boot"}),
        ("overlay-reset", {"crash.validation", "crash.boot"}),
        ("overlay-read-only", {"crash.validation", "crash.boot"}),
        ("disk-full", {"crash.validation", "crash.space"}),
        ("disk-nearly-full", {"crash.validation", "crash.space"}),
    ],
)
def test_what_is_wrong_with_a_node_closes_a_gate(case: str, shut: set[str]) -> None:
    assert closed(**gates(case)) == shut


def test_what_the_operator_knows_of_opens_the_gate_again_and_is_said() -> None:
    red = gates("crashkernel-96M")["crash.validation"].said.partition(":")[0]
    gate = gates("crashkernel-96M", frozenset({red}))["crash.validation"]
    assert gate.holds
    assert f"despite {red}" in gate.said
    assert not gates("no-wipe-0", frozenset({"boot.survives"}))["crash.boot"].holds


def test_little_room_is_taken_only_with_the_operators_word() -> None:
    # Room for a dump of the usual size, but not for the largest: a warning of the check.
    little = re.sub(rb"(?m)^free=.*$", b"free=%d" % (120 * 256), captured("healthy")["dumps"])
    assert closed(**gates(dumps=little)) == {"crash.space"}
    gate = gates(despite=frozenset({"dumps.space"}), dumps=little)["crash.space"]
    assert (gate.holds, "despite dumps.space" in gate.said) == (True, True)


def test_a_node_that_says_nothing_of_the_wipe_is_not_crashed() -> None:
    found = gates(cmdline=without("cmdline", b"metal.no-wipe=1"))
    assert closed(**found) == {"crash.boot"}
    assert "no metal.no-wipe=1" in found["crash.boot"].said


def test_a_boot_from_disk_that_would_wipe_closes_the_gate() -> None:
    grub = captured("healthy")["grub"]
    assert b"metal.no-wipe=1" in grub
    found = gates(grub=grub.replace(b"metal.no-wipe=1", b"metal.no-wipe=0"))
    assert "grub.cfg" in found["crash.boot"].said
    assert not found["crash.boot"].holds


def test_a_crash_that_costs_an_older_dump_is_refused() -> None:
    listing = captured("healthy")["dumps"]
    upper = next(line for line in listing.decode().splitlines() if line.startswith("shown=")).partition("=")[2]
    more = b"".join(b"dump\t%b/2026-01-%02d-10:00\n" % (upper.encode(), day) for day in range(1, 7))
    found = gates(dumps=listing + more)
    assert closed(**found) == {"crash.retention"}
    assert "would delete 2026-01-01-10:00" in found["crash.retention"].said


def test_a_node_that_runs_on_our_kernel_is_not_crashed() -> None:
    system = captured("healthy")["system"].decode()
    boot = next(line for line in system.splitlines() if line.startswith("boot_id=")).partition("=")[2]
    assert closed(**gates(ours=boot)) == {"crash.kernel"}
    assert closed(**gates(system=system.replace(boot, "").encode())) == {"crash.kernel"}


def test_what_cannot_be_told_closes_its_gate() -> None:
    found = gates(dumps=b"")
    assert {"crash.space"} <= closed(**found)
    assert "could not be told" in found["crash.space"].said


def test_an_error_is_no_green() -> None:
    results = [Result("n", "a.b", "A", Outcome.PASS), Result("n", "c.d", "C", Outcome.ERROR, "not looked")]
    assert not validation(results, ()).holds
    assert validation(results, {"c.d"}).holds
    assert not validation([Result("n", "a.b", "A", Outcome.SKIP, "no NCN")], ()).holds
