# SPDX-License-Identifier: Apache-2.0
"""The promise itself, on nodes that are really crashed: green leaves a dump, and red leaves none.

All faults and all dialects together take hours: `make detection`.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.detection.bench import Bench
from selftest.detection.cell import DIALECTS, Cell
from selftest.detection.ledger import Ledger
from selftest.detection.outcome import Left
from selftest.detection.rules import disagreements
from selftest.detection.verdict import Bar

#: A healthy node of the others is crashed in test_proof.py (suse_legacy) and in test_image_boot.py (suse).
HEALTHY = [Cell(dialect=dialect) for dialect in DIALECTS if dialect not in {"suse_legacy", "suse"}]
#: Loaded, with a green kdump.service, and no dump: what this suite exists for.
FALSE_GREEN = Cell(dialect="suse_legacy", faults=("crashkernel-96M",))


@pytest.mark.parametrize("cell", [*HEALTHY, FALSE_GREEN], ids=lambda cell: cell.id)
def test_a_crash_leaves_what_the_verdict_says(tmp_path: Path, cell: Cell) -> None:
    ledger = Ledger(tmp_path)
    entry = Bench(ledger, print).run(cell)
    assert entry.outcome is not None, entry.error
    verdict = Bar().verdict(ledger.evidence(cell))
    assert disagreements(cell, verdict, entry.outcome) == []
    assert entry.outcome.left is (Left.NONE if cell.faults else Left.DUMP)
    assert verdict.word == ("FAIL" if cell.faults else "pass")
