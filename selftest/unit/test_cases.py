# SPDX-License-Identifier: Apache-2.0
"""Every captured node is judged as it must be; every check has a node that passes it and one that does not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from selftest.detection.verdict import judge

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Check, Outcome
from kdumpcheck.evidence import Evidence, Output, load
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


@dataclass(frozen=True)
class Edited:
    """A captured node in which what some sections answered is replaced, changed, or goes on with more lines."""

    base: Path
    expected: dict[str, list[str]]
    sections: Mapping[str, str] = field(default_factory=dict)
    appended: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def evidence(self) -> Evidence:
        evidence = load(self.base)
        changed = {name: text.encode() for name, text in self.sections.items()}
        for name, text in self.appended.items():
            changed[name] = evidence.outputs[name].data.rstrip(b"\n") + b"\n" + text.encode()
        for name, pairs in self.changed.items():
            text = changed[name].decode() if name in changed else evidence.outputs[name].text
            for old, new in pairs.items():
                assert old in text, f"{old!r} is not in what {name} answered"
                text = text.replace(old, new)
            changed[name] = text.encode()
        outputs = {name: Output(data, 0, 0.1, truncated=False) for name, data in changed.items()}
        return replace(evidence, outputs={**evidence.outputs, **outputs})


def edited() -> dict[str, Edited]:
    found = yaml.safe_load((CASES / "edited.yaml").read_text(encoding="utf-8"))
    return {
        name: Edited(CASES / f"{case.pop('base')}.evidence.gz", case.pop("expected"), **case)
        for name, case in found.items()
    }


CHECKS = load_checks(ROOT / "tests" / "validation")
EXPECTED = list(cases())
EDITED = edited()
NAMES = [f"{path.parent.name}-{path.name.partition('.')[0]}" for path, _ in EXPECTED]


def judged(evidence: Evidence) -> dict[str, Outcome]:
    return {result.check: result.outcome for result in judge(CHECKS, evidence)}


def broken(found: Mapping[str, Outcome]) -> dict[str, list[str]]:
    words = {word: sorted(check for check, outcome in found.items() if outcome == word) for word in BROKEN}
    return {word: checks for word, checks in words.items() if checks}


@pytest.mark.parametrize(("path", "expected"), EXPECTED, ids=NAMES)
def test_a_captured_node_is_judged_as_it_must_be(path: Path, expected: dict[str, list[str]]) -> None:
    assert broken(judged(load(path))) == expected


@pytest.mark.parametrize("case", EDITED.values(), ids=EDITED)
def test_an_edited_node_is_judged_as_it_must_be(case: Edited) -> None:
    changed = {*case.sections, *case.appended, *case.changed}
    assert changed <= set(load(case.base).outputs), "a section is edited that the captured node did not answer"
    assert broken(judged(case.evidence)) == case.expected


@pytest.fixture(scope="module")
def outcomes() -> dict[str, set[Outcome]]:
    """What each check says of all those nodes."""
    found: dict[str, set[Outcome]] = {}
    for evidence in [*(load(path) for path, _ in EXPECTED), *(case.evidence for case in EDITED.values())]:
        for check, outcome in judged(evidence).items():
            found.setdefault(check, set()).add(outcome)
    return found


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_every_check_has_a_node_that_passes_and_one_that_does_not(
    check: Check, outcomes: dict[str, set[Outcome]]
) -> None:
    assert Outcome.PASS in outcomes[check.id]
    assert outcomes[check.id] & {Outcome.FAIL, Outcome.WARN}, f"no captured or edited node breaks {check.id}"


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
