# SPDX-License-Identifier: Apache-2.0
"""Captured cases for the quick tests, taken from what the bench has seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from selftest.detection.cell import HEALTHY, Cell
from selftest.detection.ledger import Ledger
from selftest.detection.record import Record

_HEAD: Final = """\
# What each captured node must be judged as: the checks that fail, warn or could not look, and no others.
# Written by `python -m selftest.detection --cases` from the lab's fault table; captured from nodes of this dialect.
# Nodes that no lab VM can be are in ../edited.yaml.
"""


def take_cases(ledger: Ledger, cells: Iterable[Cell], record: Record) -> list[Path]:
    """Take what this machine crashed into the record: evidence and outcome, and what is expected of the table's nodes.

    What was tried on another machine alone is there already.
    """
    entries = [entry for cell in cells if (entry := ledger.read(cell)) is not None and entry.outcome is not None]
    record.add(entries)
    taken = []
    for cell in (entry.cell for entry in entries):
        taken.append(record.evidence(cell))
        shutil.copyfile(ledger.evidence(cell), taken[-1])
    for dialect in sorted({entry.cell.dialect for entry in entries}):
        _write_table(record.root / dialect)
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
