# SPDX-License-Identifier: Apache-2.0
"""Everything that was ever tried: on this machine, by its ledger, or on another one, by the record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from selftest.detection.cell import Cell
from selftest.detection.ledger import Entry, Ledger
from selftest.detection.record import Record


@dataclass(frozen=True, slots=True)
class Tried:
    """Ledger and record as one; where both know a cell, the later crash counts."""

    ledger: Ledger
    record: Record

    def read(self, cell: Cell) -> Entry | None:
        """The entry of a cell, or None when it has not been tried anywhere."""
        here, elsewhere = self.ledger.read(cell), self.record.read(cell)
        return here if elsewhere is None or _later(here, elsewhere) else elsewhere

    def evidence(self, cell: Cell) -> Path:
        """What the probe saw on that node before its crash."""
        elsewhere = self.record.read(cell)
        here = elsewhere is None or _later(self.ledger.read(cell), elsewhere)
        return self.ledger.evidence(cell) if here else self.record.evidence(cell)

    def all(self) -> list[Entry]:
        """Every entry there is, by the cell's name."""
        cells = {entry.cell.id: entry.cell for entry in [*self.record.all(), *self.ledger.all()]}
        return [entry for _, cell in sorted(cells.items()) if (entry := self.read(cell)) is not None]


def _later(here: Entry | None, elsewhere: Entry) -> bool:
    """Whether this machine's crash counts: a bench that failed has crashed nothing. A record knows the day alone."""
    return here is not None and here.outcome is not None and here.when[:10] >= elsewhere.when[:10]
