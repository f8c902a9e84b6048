# SPDX-License-Identifier: Apache-2.0
"""Every captured node is judged as it must be; every check has a node that passes it and one that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Check, Judge, Outcome, Subject
from kdumpcheck.evidence import Output, load
from kdumpcheck.remedies import REMEDIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[2]
CASES = ROOT / "selftest" / "cases"
BROKEN = ("fail", "warn", "error")


def cases() -> Iterator[tuple[Path, dict[str, Any]]]:
    for table in sorted(CASES.glob("*/expected.yaml")):
        for name, expected in yaml.safe_load(table.read_text(encoding="utf-8")).items():
            yield table.parent / f"{name}.evidence.gz", expected


def edited() -> Iterator[tuple[str, Path, dict[str, str], dict[str, Any]]]:
    """Name, the captured node, the sections that are replaced, and what it must be judged as."""
    for name, case in yaml.safe_load((CASES / "edited.yaml").read_text(encoding="utf-8")).items():
        yield name, CASES / f"{case['base']}.evidence.gz", case["sections"], case["expected"]


CHECKS = load_checks(ROOT / "tests" / "validation")
EXPECTED = list(cases())
EDITED = list(edited())
NAMES = [f"{path.parent.name}-{path.name.partition('.')[0]}" for path, _ in EXPECTED]


def judged(path: Path, sections: Mapping[str, str] | None = None) -> dict[str, Outcome]:
    evidence = load(path)
    replaced = {name: Output(text.encode(), 0, 0.1, truncated=False) for name, text in (sections or {}).items()}
    evidence = replace(evidence, outputs={**evidence.outputs, **replaced})
    return {result.check: result.outcome for result in Judge(CHECKS).judge_all(Subject(evidence))}


def broken(found: Mapping[str, Outcome]) -> dict[str, list[str]]:
    words = {word: sorted(check for check, outcome in found.items() if outcome == word) for word in BROKEN}
    return {word: checks for word, checks in words.items() if checks}


@pytest.mark.parametrize(("path", "expected"), EXPECTED, ids=NAMES)
def test_a_captured_node_is_judged_as_it_must_be(path: Path, expected: dict[str, list[str]]) -> None:
    assert broken(judged(path)) == expected


@pytest.mark.parametrize(
    ("path", "sections", "expected"), [case[1:] for case in EDITED], ids=[case[0] for case in EDITED]
)
def test_an_edited_node_is_judged_as_it_must_be(
    path: Path, sections: dict[str, str], expected: dict[str, list[str]]
) -> None:
    assert set(sections) <= set(load(path).outputs), "a section is replaced that the captured node did not answer"
    assert broken(judged(path, sections)) == expected


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_every_check_has_a_node_that_passes_and_one_that_does_not(check: Check) -> None:
    outcomes = {judged(path)[check.id] for path, _ in EXPECTED}
    outcomes |= {judged(path, sections)[check.id] for _, path, sections, _ in EDITED}
    assert Outcome.PASS in outcomes
    assert outcomes & {Outcome.FAIL, Outcome.WARN}, f"no captured or edited node breaks {check.id}"


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
