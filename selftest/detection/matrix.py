# SPDX-License-Identifier: Apache-2.0
"""The confusion matrix: what was wrong, what the checks said, what the crash left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from selftest.detection.cell import Cell
from selftest.detection.ledger import Entry
from selftest.detection.rules import Disagreement, disagreements
from selftest.detection.verdict import Bar, Verdict


class Keeper(Protocol):
    """What keeps the evidence of cells: a ledger, the record, or both."""

    def evidence(self, cell: Cell) -> Path:
        """What the probe saw on a node before its crash."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell with its verdict of today."""

    entry: Entry
    verdict: Verdict | None
    disagreements: tuple[Disagreement, ...]

    @property
    def seconds(self) -> float:
        """How long the cell took."""
        return sum(self.entry.seconds.values())

    @property
    def named(self) -> str:
        """The checks that said something, failing ones first."""
        if self.verdict is None:
            return ""
        groups = ((self.verdict.fails, ""), (self.verdict.errors, " (error)"), (self.verdict.warns, " (warn)"))
        return ", ".join(f"{check}{mark}" for checks, mark in groups for check in sorted(checks))

    @property
    def left(self) -> str:
        """What the crash left, with what is to be said about it."""
        outcome = self.entry.outcome
        if outcome is None:
            return "not tried"
        said = outcome.problem or ("" if outcome.ended in {"", "restarted"} else outcome.ended)
        return f"{outcome.left}{f' ({said})' if said else ''}"


def rows(keeper: Keeper, entries: Iterable[Entry]) -> list[Row]:
    """Judge each entry's evidence by the checks of today."""
    bar = Bar()
    return [_row(keeper, entry, bar) for entry in entries]


def _row(keeper: Keeper, entry: Entry, bar: Bar) -> Row:
    if entry.outcome is None:
        return Row(entry, None, (Disagreement("not tried", entry.error),))
    verdict = bar.verdict(keeper.evidence(entry.cell))
    return Row(entry, verdict, tuple(disagreements(entry.cell, verdict, entry.outcome)))


def counts(table: Sequence[Row]) -> dict[tuple[str, str], int]:
    """How often which verdict met which outcome."""
    tried = [(row.verdict.word, row.entry.outcome.left.value) for row in table if row.verdict and row.entry.outcome]
    return dict(Counter(tried))


def text(table: Sequence[Row]) -> str:
    """The matrix for a terminal."""
    lines = []
    for row in table:
        word = row.verdict.word if row.verdict else "-"
        lines.append(f"{row.entry.cell.id:<48} {word:<5} {row.left:<30} {row.seconds:4.0f} s  {row.named}")
    return "\n".join([*lines, "", *_sums(table), *_complaints(table)])


def _sums(table: Sequence[Row]) -> list[str]:
    met = counts(table)
    lines = [f"{verdict} and {left}: {number}" for (verdict, left), number in sorted(met.items())]
    return [f"{len(table)} cells, {sum(row.seconds for row in table) / 60:.0f} minutes of nodes", *lines]


def _complaints(table: Sequence[Row]) -> list[str]:
    found = [(row.entry.cell.id, each) for row in table for each in row.disagreements]
    lines = [f"{each.kind}: {cell}: {each.what}" for cell, each in found]
    return ["", f"{len(lines)} disagreements" if lines else "No disagreement.", *lines]
