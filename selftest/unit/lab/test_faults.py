# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.catalogue import load_checks
from kdumpcheck.lab import faults, image
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import FAULTS, Fault, command_line, find
from kdumpcheck.lab.faults.fault import RESTORE

EACH = pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.id)
SUITE = Path(__file__).parents[3] / "tests" / "validation"


def fault(**changes: object) -> Fault:
    values = {"id": "x", "title": "t", "effect": "e", "undo": "u", "expects": ("a.b",), "outcome": "none", **changes}
    return Fault(**values)  # type: ignore[arg-type]  # a mixture of fields


@EACH
def test_a_fault_names_checks_that_exist(fault: Fault) -> None:
    named = [*fault.expects, *fault.warns, *fault.errors]
    assert named
    assert len(named) == len(set(named))
    assert set(named) <= {check.id for check in load_checks(SUITE)}


@EACH
def test_a_crash_without_a_dump_is_what_fails_and_a_dump_what_does_not(fault: Fault) -> None:
    assert bool(fault.expects) == (fault.outcome != "dump")


@EACH
def test_a_fault_does_something_and_says_how_it_goes(fault: Fault) -> None:
    assert fault.break_shell or fault.drop or fault.add
    assert fault.break_shell or not fault.heal_shell
    assert (fault.undo == RESTORE) == (not fault.heals)


@EACH
def test_a_fault_that_needs_no_vm_can_be_healed(fault: Fault) -> None:
    """The quick tests break and heal containers, and have no time to make them anew."""
    assert fault.needs == "vm" or fault.heals


@EACH
def test_a_fault_can_exist_in_a_dialect_that_there_is(fault: Fault) -> None:
    assert fault.dialects
    assert set(fault.dialects) <= set(image.DIALECTS)


@EACH
def test_the_words_for_the_operator_are_there(fault: Fault) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9M-]+", fault.id)
    assert FAULTS[fault.id] is fault
    for text in (fault.title, fault.effect, fault.undo):
        assert text.strip() == text
        assert "\n" not in text
        assert not text.endswith(".")


@EACH
@pytest.mark.parametrize("part", ["break_shell", "heal_shell"])
def test_the_shell_is_clean(fault: Fault, part: str) -> None:
    shell = getattr(fault, part)
    if shell:
        # SC2034, SC2317: the prelude offers more than one fault uses.
        judged = subprocess.run(
            ["shellcheck", "--shell=sh", "--exclude=SC2034,SC2317", "-"],
            input="#!/bin/sh\nset -eu\n" + fault.script(shell),
            capture_output=True,
            text=True,
            check=False,
        )
        assert judged.returncode == 0, judged.stdout


def test_all_ids_differ() -> None:
    ids = [fault.id for subject in faults._SUBJECTS for fault in subject.FAULTS]
    assert len(ids) == len(set(ids)) == len(FAULTS)


def test_a_typing_error_is_answered_with_the_closest_fault() -> None:
    with pytest.raises(LabError, match="did you mean initrd-missing"):
        find("initrd-mising")
    with pytest.raises(LabError, match="--list"):
        find("zzz")


def test_a_parameter_is_dropped_by_its_whole_name() -> None:
    line = "a crashkernel=1M crashkernel_x=2 crashkernel=2M,high quiet"
    assert command_line(line, ["no-crashkernel"]) == "a crashkernel_x=2 quiet"
    assert command_line(line, []) == line


def test_words_are_added_at_the_end() -> None:
    assert fault(drop=("b",), add=("b=2", "c")).edit(["a", "b=1"]) == ["a", "b=2", "c"]


def test_a_fault_of_the_command_line_boots_the_node_and_others_do_not() -> None:
    assert fault(drop=("a",)).restarts
    assert fault(add=("a",)).restarts
    assert fault(break_shell="x", heal_shell="y", reboot=True).restarts
    assert not fault(break_shell="x", heal_shell="y").restarts


def test_a_fault_fits_what_it_needs() -> None:
    assert fault(needs="vm").fits("vm")
    assert not fault(needs="vm").fits("container")
    assert fault().fits("container")


def test_each_fault_keeps_things_in_a_place_of_its_own() -> None:
    assert "kept=/var/lib/kdumpcheck-lab/x\n" in fault().script("true\n")
