# SPDX-License-Identifier: Apache-2.0
"""What the checks of today say of a node by its kept evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from selftest.lab.operator import ROOT

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Check, Judge, Outcome, Result, Subject
from kdumpcheck.evidence import Evidence, load
from kdumpcheck.facts import FACTS

SUITE: Final = ROOT / "tests" / "validation"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The checks that are not content with a node, by their ids."""

    fails: frozenset[str]
    warns: frozenset[str]
    errors: frozenset[str]

    @property
    def word(self) -> str:
        """The verdict as an operator hears it."""
        return "FAIL" if self.fails else "ERROR" if self.errors else "WARN" if self.warns else "pass"

    def of(self, word: str) -> frozenset[str]:
        """The checks with this outcome: "fail", "warn" or "error"."""
        return {"fail": self.fails, "warn": self.warns, "error": self.errors}[word]


def asked(check: Check, evidence: Evidence) -> bool:
    """Whether a node was asked all that a check needs: evidence from before there was a question says nothing of it.

    What was asked and not answered, because the look ended early, is another matter: that could not be told.
    """
    facts = [FACTS[name] for name in check.needs if name in FACTS]
    needed = [section.name for fact in facts for section in fact.sections if not section.later]
    return not evidence.complete or all(name in evidence.outputs for name in needed)


def judge(checks: Iterable[Check], evidence: Evidence) -> list[Result]:
    """What the checks say of a node by its kept evidence, without those that can tell nothing of it, being younger."""
    known = {check.id: check for check in checks}
    results = Judge(known.values()).judge_all(Subject(evidence))
    return [each for each in results if each.outcome is not Outcome.ERROR or asked(known[each.check], evidence)]


class Bar:
    """Judges evidence by all checks there are that it can be judged by."""

    def __init__(self, suite: Path = SUITE) -> None:
        self._checks = load_checks(suite)

    def verdict(self, evidence: Path) -> Verdict:
        """Replay the evidence; no node is asked."""
        results = judge(self._checks, load(evidence))

        def those(outcome: Outcome) -> frozenset[str]:
            return frozenset(result.check for result in results if result.outcome is outcome)

        return Verdict(those(Outcome.FAIL), those(Outcome.WARN), those(Outcome.ERROR))
