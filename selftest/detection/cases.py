# SPDX-License-Identifier: Apache-2.0
"""Captured cases for the quick tests, taken from what the bench has seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from selftest.detection.cell import HEALTHY, Cell
from selftest.detection.ledger import Entry, Ledger

_HEAD: Final = """\
# What each captured node must be judged as: the checks that fail, warn or could not look, and no others.
# Written by `python -m selftest.detection --cases` from the lab's fault table; captured from nodes of this dialect.
# Nodes that no lab VM can be are in ../edited.yaml.
"""


def take_cases(ledger: Ledger, entries: Iterable[Entry], cases: Path) -> list[Path]:
    """Copy the evidence of each cell of the table to its dialect's cases, and write what is expected of them all."""
    taken = []
    tried = [entry for entry in entries if entry.outcome is not None and not entry.cell.shape.words]
    cells = [entry.cell for entry in tried if len(entry.cell.faults) < 2]
    for cell in cells:
        place = cases / cell.dialect / f"{cell.name}.evidence.gz"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ledger.evidence(cell), place)
        taken.append(place)
    for dialect in sorted({cell.dialect for cell in cells}):
        directory = cases / dialect
        _write_table(directory)
    return taken


def _write_table(directory: Path) -> None:
    """expected.yaml for all cases that are there, whether or not this bench has just seen them."""
    names = sorted(path.name.partition(".")[0] for path in directory.glob("*.evidence.gz"))
    lines = [f"{name}: {_expected(directory.name, name)}" for name in names]
    (directory / "expected.yaml").write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def _expected(dialect: str, name: str) -> str:
    return expectation(Cell(dialect=dialect, faults=() if name == HEALTHY else (name,)))


def expectation(cell: Cell) -> str:
    """What is expected of a cell, as YAML in one line."""
    words = [f"{word}: [{', '.join(sorted(checks))}]" for word, checks in cell.expected.items() if checks]
    return "{" + ", ".join(words) + "}"
