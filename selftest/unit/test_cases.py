# SPDX-License-Identifier: Apache-2.0
"""Every captured node is judged as it must be; every check has a node that passes it and one that does not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Check, Judge, Outcome, Subject
from kdumpcheck.evidence import load
from kdumpcheck.remedies import REMEDIES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CASES = ROOT / "selftest" / "cases"


def cases() -> Iterator[tuple[Path, dict[str, Any]]]:
    for table in sorted(CASES.glob("*/expected.yaml")):
        for name, expected in yaml.safe_load(table.read_text(encoding="utf-8")).items():
            yield table.parent / f"{name}.evidence.gz", expected


CHECKS = load_checks(ROOT / "tests" / "validation")
EXPECTED = list(cases())
NAMES = [f"{path.parent.name}-{path.name.partition('.')[0]}" for path, _ in EXPECTED]


def judged(path: Path) -> dict[str, Outcome]:
    judge = Judge(CHECKS)
    return {result.check: result.outcome for result in judge.judge_all(Subject(load(path)))}


@pytest.mark.parametrize(("path", "expected"), EXPECTED, ids=NAMES)
def test_a_captured_node_is_judged_as_it_must_be(path: Path, expected: dict[str, list[str]]) -> None:
    found = judged(path)
    broken = {
        word: sorted(check for check, outcome in found.items() if outcome == word) for word in ("fail", "warn", "error")
    }
    assert {word: checks for word, checks in broken.items() if checks} == expected


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_every_check_has_a_node_that_passes_and_one_that_does_not(check: Check) -> None:
    outcomes = {judged(path)[check.id] for path, _ in EXPECTED}
    assert Outcome.PASS in outcomes
    assert outcomes & {Outcome.FAIL, Outcome.WARN}, f"no captured node breaks {check.id}"


def test_every_file_of_evidence_is_in_a_table() -> None:
    assert sorted(path for path, _ in EXPECTED) == sorted(CASES.glob("*/*.evidence.gz"))


def test_ids_are_distinct() -> None:
    ids = [check.id for check in CHECKS]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_what_a_check_refers_to_exists(check: Check) -> None:
    assert check.remedy is None or check.remedy in REMEDIES
    assert set(check.follows) <= {each.id for each in CHECKS}
    assert check.id not in check.follows
