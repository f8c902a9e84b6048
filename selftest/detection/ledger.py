# SPDX-License-Identifier: Apache-2.0
"""What the bench keeps on disk: for each cell a JSON file, the evidence and the console, so that it can be resumed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from selftest.detection.cell import Cell
from selftest.detection.outcome import Outcome

from kdumpcheck.lab.faults import FAULTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A cell that was tried."""

    cell: Cell
    outcome: Outcome | None
    """None where the bench itself failed"""
    error: str = ""
    """why it did"""
    when: str
    """UTC, ISO 8601"""
    seconds: dict[str, float]
    """how long each step took"""

    def to_json(self) -> dict[str, Any]:
        """The entry as plain data."""
        outcome = self.outcome.to_json() if self.outcome else None
        return {
            "cell": self.cell.to_json(),
            "outcome": outcome,
            "error": self.error,
            "when": self.when,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Ledger:
    """The directory of a bench."""

    root: Path

    def file(self, cell: Cell, suffix: str) -> Path:
        """A file of a cell; its directory is there."""
        path = self.root / f"{cell.id}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def evidence(self, cell: Cell) -> Path:
        """What the probe saw on the node before the crash."""
        return self.file(cell, ".evidence.gz")

    def write(self, entry: Entry) -> None:
        """Keep an entry; it appears whole or not at all."""
        path = self.file(entry.cell, ".json")
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(entry.to_json(), indent=1) + "\n", encoding="utf-8")
        draft.replace(path)

    def read(self, cell: Cell) -> Entry | None:
        """The entry of a cell, or None when it has not been tried."""
        path = self.root / f"{cell.id}.json"
        return _entry(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None

    def all(self) -> list[Entry]:
        """Every entry there is, by the cell's name; those with faults that are no longer in the table are left out."""
        entries = [_entry(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(self.root.glob("*/*.json"))]
        return [entry for entry in entries if all(fault in FAULTS for fault in entry.cell.faults)]


def _entry(data: dict[str, Any]) -> Entry:
    outcome = Outcome.of_json(data["outcome"]) if data["outcome"] else None
    return Entry(
        cell=Cell.of_json(data["cell"]),
        outcome=outcome,
        error=data["error"],
        when=data["when"],
        seconds=data["seconds"],
    )
