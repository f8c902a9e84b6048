# SPDX-License-Identifier: Apache-2.0
"""A gate that lets pass what was already so, and what somebody answers for until a day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from selftest.unit.results.test_compare import FAIL, PASS, WARN, run_of

from kdumpcheck.cli import main
from kdumpcheck.nodes import InventoryError
from kdumpcheck.reporters.formats import FORMATS, write
from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results import Run
from kdumpcheck.results.gate import Allowances
from kdumpcheck.results.waivers import Waiver, read_waivers

TODAY = date(2026, 11, 25)
ENTRY = "  - {check: a.b, nodes: 'ncn-w[001-002]', reason: disks are ordered, owner: ceph team, expires: 2026-12-31}\n"


def waivers(tmp_path: Path, text: str) -> list[Waiver]:
    (tmp_path / "waivers.yaml").write_text(text)
    return read_waivers(tmp_path / "waivers.yaml")


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(InventoryError) as caught:
        waivers(tmp_path, text)
    assert str(caught.value).isprintable()
    return str(caught.value).removeprefix(f"{tmp_path}/")


class TestFile:
    def test_an_entry_is_read(self, tmp_path: Path) -> None:
        (waiver,) = waivers(tmp_path, f"waivers:\n{ENTRY}")
        assert (waiver.check, waiver.owner, waiver.expires) == ("a.b", "ceph team", date(2026, 12, 31))
        assert waiver.nodes == {"ncn-w001", "ncn-w002"}
        assert waiver.place == f"{tmp_path}/waivers.yaml:2"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("waivers: 5\n", "waivers.yaml:1: waivers must be a list"),
            ("waivers: []\n", "waivers.yaml:1: waivers must be a list"),
            ("", "waivers.yaml: waivers must be a list"),
            ("- x\n", "must be a mapping"),
            ("waivers:\n  - x\n", "waivers.yaml:1: each waiver must be a mapping"),
            (f"waivers:\n{ENTRY}more: 1\n", "waivers.yaml:3: unknown key 'more'"),
            (f"waivers:\n{ENTRY}".replace("reason", "raeson"), "waivers.yaml:2: unknown key 'raeson'"),
            (
                f"waivers:\n{ENTRY}".replace("owner: ceph team, ", ""),
                "waivers.yaml:2: this waiver says nothing of its owner",
            ),
            (f"waivers:\n{ENTRY}".replace("ceph team", "''"), "says nothing of its owner"),
            (f"waivers:\n{ENTRY}".replace(", expires: 2026-12-31", ""), "says nothing of its expires"),
            (f"waivers:\n{ENTRY}".replace("2026-12-31", "soon"), "waivers.yaml:2: expires must be a date"),
            (f"waivers:\n{ENTRY}".replace("2026-12-31", "2026-12-31 10:00:00"), "expires must be a date"),
            (f"waivers:\n{ENTRY}".replace("2026-12-31", "2026-99-31"), "waivers.yaml"),
            (f"waivers:\n{ENTRY}".replace("a.b", "5"), "waivers.yaml:2: check of a waiver is a number"),
            (f"waivers:\n{ENTRY}".replace("[001-002]", "[001-"), "waivers.yaml:2: "),
            (f"waivers:\n{ENTRY}".replace("{", "{check: x, "), "there twice"),
            ("waivers: [\n", "waivers.yaml:2"),
            ("\x1b[2J", "waivers.yaml:1"),
        ],
    )
    def test_what_is_wrong_is_told_with_its_line(self, tmp_path: Path, text: str, words: str) -> None:
        assert words in refused(tmp_path, text)


class TestJudge:
    def of(self, tmp_path: Path, *runs: Run, entry: str = ENTRY, today: date = TODAY) -> list[list[str]]:
        *baseline, run = runs
        known = tuple(waivers(tmp_path, f"waivers:\n{entry}"))
        found = Allowances(baseline[0] if baseline else None, known).judge(run, today, strict_warnings=False)
        waived = [line for lines in found.waived.values() for line in lines]
        kinds = (found.failing, waived, found.already_so, found.mild, found.expired, found.unused)
        return [[str(each).partition(":")[0] for each in kind] for kind in kinds]

    def test_a_waiver_covers_its_nodes_alone(self, tmp_path: Path) -> None:
        run = run_of({"w001": FAIL, "w002": FAIL, "w003": FAIL, "w004": WARN})
        assert self.of(tmp_path, run) == [["ncn-w003"], ["ncn-w[001-002]"], [], ["ncn-w004"], [], []]

    def test_what_was_already_so_is_a_group_of_its_own(self, tmp_path: Path) -> None:
        before, now = run_of({"w003": FAIL, "w004": PASS}), run_of({"w003": FAIL, "w004": FAIL, "w001": FAIL})
        assert self.of(tmp_path, before, now)[:3] == [["ncn-w004"], ["ncn-w001"], ["ncn-w003"]]

    def test_it_holds_on_its_last_day_and_not_on_the_next(self, tmp_path: Path) -> None:
        run = run_of({"w001": FAIL})
        assert self.of(tmp_path, run, today=date(2026, 12, 31))[:2] == [[], ["ncn-w001"]]
        failing, waived, *_, expired, unused = self.of(tmp_path, run, today=date(2027, 1, 1))
        assert (failing, waived, len(expired), unused) == (["ncn-w001"], [], 1, [])

    def test_one_that_nothing_needs_is_told(self, tmp_path: Path) -> None:
        assert len(self.of(tmp_path, run_of({"w001": PASS}))[-1]) == 1


class TestCommand:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Path:
        write(FORMATS["json"], run_of({"w001": FAIL, "w009": PASS}), tmp_path, Gate())
        return tmp_path

    def gate(self, run: Path, entry: str) -> int:
        (run / "waivers.yaml").write_text(f"waivers:\n{entry}")
        return main(["gate", str(run), "--waivers", str(run / "waivers.yaml")])

    def test_it_is_open_while_somebody_answers_for_it(self, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
        year = datetime.now(UTC).year + 1
        assert self.gate(run, ENTRY.replace("2026-12-31", f"{year}-12-31")) == 0
        first, last = capsys.readouterr().out.splitlines()
        until = f"(until {year}-12-31, ceph team: disks are ordered)"
        assert first == f"WAIVED   ncn-w001: A (a.b): fail: f; expected e {until}"
        assert last == "GATE     open: 0 failing, 0 already so, 1 waived"

    def test_one_of_a_check_that_is_none_is_told_as_such(self, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
        year = datetime.now(UTC).year + 1
        assert self.gate(run, ENTRY.replace("a.b", "a.bc").replace("2026-12-31", f"{year}-12-31")) == 1
        (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("UNUSED")]
        assert line.endswith("waivers.yaml:2: this run has no check a.bc (ceph team): is it written so?")

    def test_an_expired_one_closes_it_even_where_all_is_well(
        self, run: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(FORMATS["json"], run_of({"w001": PASS}), run, Gate())
        assert main(["gate", str(run)]) == 0
        assert self.gate(run, ENTRY.replace("2026-12-31", "2020-12-31")) == 1
        assert "EXPIRED  " in capsys.readouterr().out

    def test_without_anything_a_failure_closes_it_and_a_baseline_opens_it(self, run: Path) -> None:
        assert main(["gate", str(run)]) == 1
        assert main(["gate", str(run), "--baseline", str(run)]) == 0

    def test_a_mistake_is_one_line_and_four(self, run: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.gate(run, "  - x\n") == 4
        assert main(["gate", str(run), "--waivers", "/nowhere"]) == 4
        assert main(["gate", str(run), "--baseline", "/nowhere"]) == 4
        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 3
        assert all(line.startswith("kdumpcheck gate: ") for line in lines)
