# SPDX-License-Identifier: Apache-2.0
"""Every crash that is kept is held against what the checks of today say of the node it was."""

from __future__ import annotations

import pytest
from selftest.detection import matrix
from selftest.detection.cell import DIALECTS, Cell
from selftest.detection.document import document
from selftest.detection.modes import modes
from selftest.detection.outcome import Left, Outcome
from selftest.detection.record import Record
from selftest.detection.rules import against_the_crash
from selftest.detection.verdict import Bar
from selftest.lab.operator import ROOT

from kdumpcheck.lab.faults import FAULTS

RECORD = Record(ROOT / "selftest" / "cases")
ENTRIES = RECORD.all()
BAR = Bar()


@pytest.mark.parametrize("cell", [entry.cell for entry in ENTRIES], ids=lambda cell: cell.id)
def test_no_verdict_of_today_is_disproved_by_the_crash(cell: Cell) -> None:
    """A FAIL whose crash left its dump is a false red; no FAIL and no ERROR where it left none is a false green."""
    entry = RECORD.read(cell)
    assert entry is not None
    assert entry.outcome is not None
    assert against_the_crash(BAR.verdict(RECORD.evidence(cell)), entry.outcome) == []


@pytest.mark.parametrize(
    ("name", "left", "kind"),
    [("healthy", Left.NONE, "false green"), ("initrd-stale", Left.NONE, "false green"), ("unloaded", Left.DUMP, "red")],
)
def test_a_crash_that_ended_otherwise_would_be_seen(name: str, left: Left, kind: str) -> None:
    verdict = BAR.verdict(RECORD.evidence(Cell(dialect="suse_legacy", faults=() if name == "healthy" else (name,))))
    found = against_the_crash(verdict, Outcome(left=left, ended="restarted"))
    assert [kind in each.kind for each in found] == [True]


def test_every_captured_node_was_crashed_and_every_crash_has_its_evidence() -> None:
    kept = [path for dialect in DIALECTS for path in (RECORD.root / dialect).rglob("*.evidence.gz")]
    assert sorted(kept) == sorted(RECORD.evidence(entry.cell) for entry in ENTRIES)


def test_every_crash_is_of_a_fault_that_there_is() -> None:
    assert {fault for entry in ENTRIES for fault in entry.cell.faults} <= set(FAULTS)


def test_docs_detection_md_says_what_the_record_and_the_checks_say() -> None:
    page = document(matrix.rows(RECORD, ENTRIES), modes(RECORD.root))
    renew = "out of date; renew it: python -m selftest.detection --report --document"
    assert (ROOT / "docs" / "detection.md").read_text(encoding="utf-8") == page, renew
