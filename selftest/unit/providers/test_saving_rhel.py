# SPDX-License-Identifier: Apache-2.0
"""What kdump-utils saves by: where that can be proved by a crash, and how much room it takes."""

from __future__ import annotations

import pytest
from selftest.unit.kept import evidence

from kdumpcheck.evidence import Unknown
from kdumpcheck.facts import Space
from kdumpcheck.providers.saving_rhel import RhelSaving

SAVING = RhelSaving()
MEMORY = 2**30
SPACE = Space(2**40, None, {"MemTotal": MEMORY, "MemFree": MEMORY // 2})


def told(*lines: str) -> object:
    """The settings of a node whose /etc/kdump.conf has these lines."""
    text = "file\tthere\npath\t/var/crash\tthere\n" + "".join(f"line\t{line}\n" for line in lines)
    return SAVING.settings(evidence("ncn-w001", {"kdumpconf": text.encode()}))


def settings(*lines: str) -> dict[str, str]:
    found = told(*lines)
    assert isinstance(found, dict)
    return found


def test_settings_are_the_options_of_the_file() -> None:
    assert settings("path /srv", "core_collector makedumpfile -c") == {
        "path": "/srv",
        "core_collector": "makedumpfile -c",
    }


@pytest.mark.parametrize("lines", [("paht /srv",), ("path /a", "path /b"), ("ext4 LABEL=a", "xfs LABEL=b")])
def test_with_what_kdumpctl_does_not_take_nothing_is_set(lines: tuple[str, ...]) -> None:
    found = told(*lines)
    assert isinstance(found, Unknown)
    assert "kdumpctl starts nothing" in found.reason


def test_without_the_file_nothing_is_set() -> None:
    found = SAVING.settings(evidence("ncn-w001", {"kdumpconf": b"path\t/var/crash\tmissing\n"}))
    assert isinstance(found, Unknown)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ssh kdump@box", "ssh kdump@box"),
        ("nfs box:/dumps", "nfs box:/dumps"),
        ("raw /dev/vdb", "raw /dev/vdb"),
        ("core_collector cp --sparse=always", "core_collector is cp"),
        ("ext4 LABEL=dumps", ""),
        ("path /srv", ""),
    ],
)
def test_what_a_crash_could_not_prove_is_told_before_it(line: str, why: str) -> None:
    said = SAVING.unprovable(settings(line))
    assert (why in said) if why else said == ""


def test_room_is_reckoned_by_level_and_compression() -> None:
    usual = SAVING.need(SPACE, settings())
    bare = SAVING.need(SPACE, settings("core_collector makedumpfile -d 31"))
    whole = SAVING.need(SPACE, settings("core_collector makedumpfile -l"))
    assert (bare.whole, bare.least) == (usual.whole, usual.whole)
    assert usual.least < usual.whole < whole.whole
    assert usual.reserve == 0


def test_no_dump_goes_for_a_new_one() -> None:
    assert SAVING.kept({}) == 0
    assert SAVING.costs({}, ["127.0.0.1-2026-01-01-00:00:00"]) == ()
