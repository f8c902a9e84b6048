# SPDX-License-Identifier: Apache-2.0
"""A repair says first what it would do, and refuses where it could not help."""

from __future__ import annotations

import pytest
from selftest.unit.kept import captured, evidence
from selftest.unit.pretend import INITRD, KERNEL

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import CouldNotLook
from kdumpcheck.remedies import REMEDIES, Action, RemedyError


def plan(case: str, **changed: bytes) -> Action:
    return REMEDIES["initrd.rebuild"].plan(Subject(evidence("ncn-w001", {**captured(case), **changed})))


def test_names_are_their_own_keys() -> None:
    assert all(name == remedy.name for name, remedy in REMEDIES.items())


def test_it_names_what_is_there_and_what_will_be() -> None:
    action = plan("initrd-stale")
    (path,) = action.changes
    assert path == f"/boot/{INITRD}"
    assert action.changes[path]["old"].endswith(" UTC")
    assert action.changes[path]["new"] == f"built for /boot/vmlinuz-{KERNEL}"
    assert path in action.comment


def test_it_names_an_initrd_that_is_absent() -> None:
    (change,) = plan("initrd-missing").changes.values()
    assert change["old"] == "absent"


def test_it_gives_the_node_longer_than_the_script_may_take() -> None:
    action = plan("initrd-stale")
    assert "patience=300\n" in action.script
    assert action.seconds >= 4 * 300


@pytest.mark.parametrize("mtime", [b"99999999999999999999", b"253402300800", b"0", b"", b"-1", b"soon"])
def test_a_time_no_calendar_has_is_no_trouble(mtime: bytes) -> None:
    row = b"initrd\t/boot/" + INITRD.encode() + b"\tregular file\t12\t" + mtime + b"\tfd377a585a00\n"
    (change,) = plan("initrd-stale", initrds=row).changes.values()
    assert change["old"].startswith("12 bytes of ")


def test_without_crash_memory_it_refuses() -> None:
    with pytest.raises(RemedyError, match="no crash memory is reserved"):
        plan("no-crashkernel")


def test_without_the_running_kernels_image_it_refuses() -> None:
    sections = captured("initrd-stale")
    left = b"".join(line for line in sections["initrd-sources"].splitlines(keepends=True) if b"vmlinuz" not in line)
    with pytest.raises(RemedyError, match=f"no image of the running kernel {KERNEL}"):
        REMEDIES["initrd.rebuild"].plan(Subject(evidence("ncn-w001", {**sections, "initrd-sources": left})))


@pytest.mark.parametrize("section", ["packages", "reservation", "kernels", "initrds", "initrd-sources"])
def test_what_it_cannot_know_it_does_not_guess(section: str) -> None:
    sections = captured("initrd-stale")
    del sections[section]
    with pytest.raises(CouldNotLook, match=section):
        REMEDIES["initrd.rebuild"].plan(Subject(evidence("ncn-w001", sections)))
