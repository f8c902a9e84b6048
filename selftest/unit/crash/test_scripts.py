# SPDX-License-Identifier: Apache-2.0
"""What a crash proof runs on a node, run here, in directories of the test."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from selftest.unit.crash.made import MARKER

from kdumpcheck.crash import details, survey, trigger
from kdumpcheck.crash.details import Details
from kdumpcheck.evidence import Unknown
from kdumpcheck.facts.lines import pairs

NAME = "2026-11-25-10:00"
SHELLS = ("dash", "bash")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for /var/crash, with one dump of ours in it."""
    place = tmp_path / "crash"
    monkeypatch.setattr(details, "SHOWN", str(place))
    dump = place / NAME
    dump.mkdir(parents=True)
    (dump / "vmcore").write_bytes(b"KDUMP   " + bytes(100_000))
    (dump / "dmesg.txt").write_text(f"[  9.1] kdumpcheck: {MARKER}\n")
    (dump / "README.txt").write_text("Kernel crashdump\n----------------\nDump level     : 31\n")
    return place


def run(shell: str, script: str) -> bytes:
    return subprocess.run([shell], input=script.encode(), capture_output=True, check=False, timeout=600).stdout


def remove(shell: str, *names: str, marker: str = MARKER) -> dict[str, str]:
    return pairs(run(shell, details.removal(NAME, names, marker)).decode())


class TestRemoval:
    def test_exactly_the_dump_goes(self, shell: str, crash: Path) -> None:
        (crash / "2026-11-24-10:00").mkdir()
        assert remove(shell, "vmcore", "dmesg.txt", "README.txt")["result"] == "removed"
        assert [path.name for path in crash.iterdir()] == ["2026-11-24-10:00"]

    def test_what_was_not_seen_in_it_stays_and_so_does_the_directory(self, shell: str, crash: Path) -> None:
        (crash / NAME / "notes of a person").touch()
        told = remove(shell, "vmcore", "dmesg.txt", "README.txt")
        assert (told["result"], "there is more in" in told["comment"]) == ("kept", True)
        assert [path.name for path in (crash / NAME).iterdir()] == ["notes of a person"]

    def test_a_dump_without_our_mark_stays(self, shell: str, crash: Path) -> None:
        told = remove(shell, "vmcore", "dmesg.txt", "README.txt", marker="crash-proof-of-another")
        assert told["result"] == "kept"
        assert (crash / NAME / "vmcore").exists()

    def test_a_link_in_its_place_is_not_followed(self, shell: str, crash: Path) -> None:
        (crash / NAME).rename(crash / "elsewhere")
        (crash / NAME).symlink_to("elsewhere")
        assert remove(shell, "vmcore")["result"] == "kept"
        assert (crash / "elsewhere" / "vmcore").exists()

    @pytest.mark.parametrize("name", ["a b", "$(touch x)", "`id`", "-rf", "'", "*"])
    def test_any_name_is_only_a_name(self, shell: str, crash: Path, name: str) -> None:
        (crash / NAME / name).touch()
        (crash / NAME / "another").touch()
        remove(shell, name)
        left = {path.name for path in (crash / NAME).iterdir()}
        assert left == {"vmcore", "dmesg.txt", "README.txt", "another"}


class TestDetails:
    def told(self, shell: str, crash: Path, linked: Path) -> Details:
        found = Details.parse(str(crash / NAME), run(shell, details.question(str(crash / NAME), str(linked), MARKER)))
        assert found is not None
        return found

    def test_a_dump_is_described(self, shell: str, crash: Path) -> None:
        (crash.parent / "link").symlink_to("crash")
        found = self.told(shell, crash, crash.parent / "link" / NAME)
        assert dict(found.files) == {path.name: path.stat().st_size for path in (crash / NAME).iterdir()}
        assert (found.marked, found.shown, found.linked, found.log) == (True, True, True, "dmesg.txt")
        assert found.dump.problem == ""

    def test_what_is_not_to_be_seen_is_told(self, shell: str, crash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (crash / NAME / "dmesg.txt").write_text("of another crash\n")
        monkeypatch.setattr(details, "SHOWN", str(crash.parent / "nowhere"))
        found = self.told(shell, crash, crash.parent / "nowhere" / NAME)
        assert (found.marked, found.shown, found.linked) == (False, False, False)


def test_a_machine_without_rootraid_is_no_survey(shell: str) -> None:
    answer = run(shell, survey.question())
    boot = pairs(answer.decode())["boot_id"]
    assert boot == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert isinstance(survey.Survey.parse(answer), Unknown)


@pytest.mark.parametrize("how", trigger.TRIGGERS)
def test_a_trigger_does_nothing_before_its_last_line(how: trigger.Trigger) -> None:
    # A connection that is cut leaves a part of it on the node: only functions, which nobody calls.
    *before, last = trigger.pull(how).rstrip().splitlines()
    assert last == "</dev/null main"
    outside = [line for line in before if line and not line.startswith((" ", "#", "}"))]
    assert [line for line in outside if not line.endswith("() {")] == [
        f"trigger={how}",
        "set -u",
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "export PATH",
    ]
