# SPDX-License-Identifier: Apache-2.0
"""What became of each finding between runs, and what a gate does about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.cli import main
from kdumpcheck.reporters.formats import FORMATS, write
from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results import NodeLook, OtherTest, Run
from kdumpcheck.results.compare import LOOK, Change, compare
from kdumpcheck.results.run import CheckNote

PASS, WARN, FAIL, ERROR, SKIP = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.ERROR, Outcome.SKIP

Said = Outcome | tuple[Outcome, str]


def run_of(found: Mapping[str, Said], lost: str = "") -> Run:
    """A run in which `{"w001": FAIL}` is what one check said of each node."""
    run = Run(datetime(2026, 11, 22, tzinfo=UTC), "1", "live")
    run.checks["a.b"] = CheckNote("a.b", "A", "fail", None, "do", "man", ())
    for name, said in found.items():
        outcome, text = said if isinstance(said, tuple) else (said, "f")
        node, failure = f"ncn-{name}", "no route to host" if name == lost else None
        run.nodes[node] = NodeLook(node, "worker", "x", "2026-11-22T00:00:00+00:00", failure, None, None)
        run.results.append(Result(node, "a.b", "A", outcome, text, "e", text, None, "do", "man"))
    return run


def changes(*runs: Run) -> list[tuple[Change, str, str]]:
    return [(each.change, each.nodes, each.check) for each in compare(runs)]


@pytest.mark.parametrize(
    ("before", "now", "change", "fails"),
    [
        (PASS, FAIL, Change.NEW, True),
        (SKIP, FAIL, Change.NEW, True),
        (PASS, ERROR, Change.NEW, True),
        (PASS, WARN, Change.NEW, False),
        (WARN, FAIL, Change.WORSE, True),
        (ERROR, FAIL, Change.WORSE, True),
        (WARN, ERROR, Change.WORSE, True),
        (FAIL, FAIL, Change.SAME, False),
        (FAIL, (FAIL, "g"), Change.CHANGED, False),
        (FAIL, WARN, Change.CHANGED, False),
        (FAIL, ERROR, Change.CHANGED, False),
        (FAIL, PASS, Change.GONE, False),
        (FAIL, Outcome.RECOVERED, Change.GONE, False),
        (FAIL, SKIP, Change.UNSEEN, False),
        (PASS, PASS, None, False),
        (SKIP, PASS, None, False),
    ],
)
def test_what_became_of_it(before: Said, now: Said, change: Change | None, fails: bool) -> None:
    found = compare([run_of({"w001": before}), run_of({"w001": now})])
    assert [each.change for each in found] == ([change] if change else [])
    assert any(each.fails(strict_warnings=False) for each in found) is fails


def test_a_new_warning_fails_where_warnings_do() -> None:
    (found,) = compare([run_of({"w001": PASS}), run_of({"w001": WARN})])
    assert found.fails(strict_warnings=True)


def test_equal_changes_are_one_with_a_node_set() -> None:
    before = run_of(dict.fromkeys(("w001", "w002", "w003", "m001"), PASS) | {"s001": FAIL})
    now = run_of({"w001": FAIL, "w002": FAIL, "w003": (FAIL, "g"), "m001": PASS, "s001": PASS})
    assert changes(before, now) == [
        (Change.NEW, "ncn-w[001-002]", "a.b"),
        (Change.NEW, "ncn-w003", "a.b"),
        (Change.GONE, "ncn-s001", "a.b"),
    ]


def test_a_node_that_is_lost_is_one_finding_and_what_it_had_is_not_gone() -> None:
    before, now = run_of({"w001": FAIL, "w002": PASS}), run_of({"w001": ERROR, "w002": ERROR}, lost="w001")
    assert changes(before, now) == [
        (Change.NEW, "ncn-w002", "a.b"),
        (Change.NEW, "ncn-w001", LOOK),
        (Change.UNSEEN, "ncn-w001", "a.b"),
    ]
    assert changes(run_of({"w001": ERROR}, lost="w001"), run_of({"w001": PASS})) == [(Change.GONE, "ncn-w001", LOOK)]


def test_there_and_back_flaps_and_fails_only_while_it_is_there() -> None:
    good, bad = run_of({"w001": PASS}), run_of({"w001": FAIL})
    for course, fails in (([bad, good, bad], True), ([good, bad, good], False)):
        (found,) = compare(course)
        assert (found.change, found.fails(strict_warnings=False)) == (Change.FLAPPING, fails)
    assert changes(good, bad, bad) == [(Change.NEW, "ncn-w001", "a.b")]


class TestCommand:
    def diff(self, tmp_path: Path, *runs: Run, options: tuple[str, ...] = ()) -> int:
        for number, run in enumerate(runs):
            (tmp_path / str(number)).mkdir()
            write(FORMATS["json"], run, tmp_path / str(number), Gate())
        return main(["diff", *(str(tmp_path / str(number)) for number in range(len(runs))), *options])

    def test_what_was_already_so_does_not_fail(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before, now = run_of({"w001": FAIL, "w002": PASS}), run_of({"w001": FAIL, "w002": PASS})
        assert self.diff(tmp_path, before, now) == 0
        assert capsys.readouterr().out.splitlines() == [
            "SAME      ncn-w001: A (a.b): fail: f; expected e",
            "VERDICT: 0 new or worse, 1 already so, 0 troubles of the run itself",
        ]

    def test_what_is_new_fails(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        before, now = run_of({"w001": WARN, "w002": PASS}), run_of({"w001": FAIL, "w002": FAIL})
        assert self.diff(tmp_path, before, now) == 1
        assert capsys.readouterr().out.splitlines() == [
            "NEW       ncn-w002: A (a.b): fail: f; expected e",
            "WORSE     ncn-w001: A (a.b): fail: f; expected e (was warn: f; expected e)",
            "VERDICT: 2 new or worse, 0 already so, 0 troubles of the run itself",
        ]

    @pytest.mark.parametrize("trouble", ["interrupted", "other"])
    def test_a_run_that_is_no_good_itself_fails(self, tmp_path: Path, trouble: str) -> None:
        now = run_of({"w001": PASS})
        now.interrupted = trouble == "interrupted"
        if trouble == "other":
            now.tests.append(OtherTest("x", "y", 0.0, "failure", "no"))
        assert self.diff(tmp_path, run_of({"w001": PASS}), now) == 1

    def test_a_node_that_is_not_named_any_more_is_told(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert self.diff(tmp_path, run_of({"w001": PASS, "w002": PASS}), run_of({"w001": PASS})) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "not judged any more: ncn-w002"

    def test_a_program_reads_it(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.diff(tmp_path, run_of({"w001": PASS}), run_of({"w001": FAIL}), options=("--json",)) == 1
        found = json.loads(capsys.readouterr().out)
        assert (found["kdumpcheck-diff"], found["failed"]) == (1, True)
        assert found["differences"][0]["now"] == {"outcome": "fail", "title": "A", "text": "f; expected e"}

    def test_nothing_judged_is_nothing_to_hold_it_to(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert self.diff(tmp_path, run_of({"w001": PASS}), run_of({"w001": SKIP})) == 4
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("kdumpcheck diff: ")
        assert "nothing was judged" in line
        assert main(["diff", str(tmp_path / "0"), str(tmp_path / "none")]) == 4
