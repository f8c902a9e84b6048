# SPDX-License-Identifier: Apache-2.0
"""What the checks of today say of a node by its kept evidence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from selftest.lab.operator import ROOT

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Judge, Outcome, Subject
from kdumpcheck.evidence import load

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


class Bar:
    """Judges evidence by all checks there are."""

    def __init__(self, suite: Path = SUITE) -> None:
        self._checks = load_checks(suite)

    def verdict(self, evidence: Path) -> Verdict:
        """Replay the evidence; no node is asked."""
        results = Judge(self._checks).judge_all(Subject(load(evidence)))

        def those(outcome: Outcome) -> frozenset[str]:
            return frozenset(result.check for result in results if result.outcome is outcome)

        return Verdict(those(Outcome.FAIL), those(Outcome.WARN), those(Outcome.ERROR))
