# SPDX-License-Identifier: Apache-2.0
"""The rules a verdict is held against: the fault is named, nothing else is, and the crash says the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from selftest.detection.cell import Cell
from selftest.detection.outcome import Left, Outcome
from selftest.detection.verdict import Verdict

from kdumpcheck.lab.faults import FAULTS

_WORDS: Final = ("fail", "warn", "error")


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One rule that a cell breaks."""

    kind: str
    """"false green", "false red", "not named", "also named", "could not look", "another outcome" """
    what: str


def disagreements(cell: Cell, verdict: Verdict, outcome: Outcome) -> list[Disagreement]:
    """Every rule this cell breaks; none when verdict and crash agree and the fault is named."""
    crash = against_the_crash(verdict, outcome)
    # Two faults at once may hide one another, so of those only the crash is asked.
    return crash if cell.drawn else [*crash, *_against_the_table(cell, verdict, outcome)]


def against_the_crash(verdict: Verdict, outcome: Outcome) -> list[Disagreement]:
    """What of a verdict its crash disproves: a FAIL whose crash left a dump, or a good word before a crash without."""
    if verdict.fails and outcome.good:
        return [Disagreement("false red", f"{', '.join(sorted(verdict.fails))} failed, and the crash left its dump")]
    if not verdict.fails and not verdict.errors and not outcome.good:
        return [Disagreement("false green", f"nothing failed, and the crash left {outcome.left}: {outcome.ended}")]
    return []


def _against_the_table(cell: Cell, verdict: Verdict, outcome: Outcome) -> list[Disagreement]:
    found = []
    for word in _WORDS:
        missed = cell.expected[word] - verdict.of(word)
        beside = verdict.of(word) - cell.expected[word]
        if missed:
            found.append(Disagreement("not named", f"{', '.join(sorted(missed))} did not {word}"))
        if beside:
            kind = "could not look" if word == "error" else "also named"
            found.append(Disagreement(kind, f"{word}: {', '.join(sorted(beside))}"))
    expected = FAULTS[cell.faults[0]].outcome if cell.faults else Left.DUMP
    # Whether a broken capture leaves an unusable file or none differs between the dialects, and helps nobody.
    lost = {Left.NONE, Left.UNUSABLE}
    if expected != outcome.left and not (outcome.left in lost and expected in lost):
        found.append(Disagreement("another outcome", f"{outcome.left}, where the table says {expected}"))
    return found
