# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from selftest.detection.harvest import Crashed, dump_directories, harvest
from selftest.detection.outcome import Left, Outcome
from selftest.unit.dumps.made import RELEASE, compressed

from kdumpcheck.crash.story import tell

UPPER = "LiveOS/overlay-SQFSRAID-x"
GOOD = f"{UPPER}/var/crash/2026-11-23-08:50"
STORY = tell(())


def crashed(*known: str, release: str = RELEASE) -> Crashed:
    return Crashed(release, UPPER, frozenset(known), "marker 0123")


def save(root: Path, path: str, vmcore: bytes | None, log: str = "dmesg.txt", said: str = "marker 0123") -> None:
    directory = root / path
    directory.mkdir(parents=True)
    (directory / log).write_text(f"[1.0] kdumpcheck: {said}\n")
    if vmcore is not None:
        (directory / "vmcore").write_bytes(vmcore)


def outcome(root: Path, who: Crashed) -> Outcome:
    return harvest(root, who, STORY, "restarted")


def test_a_whole_dump_of_this_crash_in_the_upper_layer_is_a_dump(tmp_path: Path) -> None:
    save(tmp_path, GOOD, compressed())
    found = outcome(tmp_path, crashed())
    assert (found.left, found.path, found.files) == (Left.DUMP, GOOD, ("dmesg.txt", "vmcore"))
    assert found.good
    assert Outcome.of_json(found.to_json()) == found


@pytest.mark.parametrize("place", ["crash/2026-11-23-08:50", "1.4.0/overlay-SQFSRAID-x/var/crash/2026-11-23-08-50"])
def test_a_dump_that_var_crash_does_not_show_is_elsewhere(tmp_path: Path, place: str) -> None:
    save(tmp_path, place, compressed(), log="dmesg")
    assert outcome(tmp_path, crashed()).left is Left.ELSEWHERE


def test_what_was_there_before_is_not_of_this_crash(tmp_path: Path) -> None:
    save(tmp_path, GOOD, compressed())
    assert outcome(tmp_path, crashed(GOOD)).left is Left.NONE


def test_a_log_without_a_vmcore_is_no_dump(tmp_path: Path) -> None:
    save(tmp_path, GOOD, None)
    assert outcome(tmp_path, crashed()).left is Left.NONE


@pytest.mark.parametrize(
    ("vmcore", "said", "release"),
    [
        (compressed()[:-1], "marker 0123", RELEASE),
        (b"", "marker 0123", RELEASE),
        (compressed(), "marker of another crash", RELEASE),
        (compressed(), "marker 0123", "5.14"),
    ],
)
def test_what_is_cut_short_or_of_another_crash_is_unusable(
    tmp_path: Path, vmcore: bytes, said: str, release: str
) -> None:
    save(tmp_path, GOOD, vmcore, said=said)
    found = outcome(tmp_path, crashed(release=release))
    assert found.left is Left.UNUSABLE
    assert found.problem


def test_the_best_of_several_counts(tmp_path: Path) -> None:
    save(tmp_path, GOOD, compressed())
    save(tmp_path, "crash/2026-11-23-08:50", b"")
    assert outcome(tmp_path, crashed()).left is Left.DUMP


def test_links_are_not_followed(tmp_path: Path) -> None:
    save(tmp_path, GOOD, compressed())
    (tmp_path / "crash").symlink_to(f"./{UPPER}/var/crash")
    (tmp_path / "2026-11-23-08:51").symlink_to(GOOD)
    assert list(dump_directories(tmp_path)) == [GOOD]
