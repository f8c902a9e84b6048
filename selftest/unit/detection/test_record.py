# SPDX-License-Identifier: Apache-2.0
"""What crashes showed outlives the machine that crashed: the record, and how it goes with a ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from selftest.detection import __main__ as command
from selftest.detection.bench import Bench
from selftest.detection.cases import take_cases
from selftest.detection.cell import Cell, Shape
from selftest.detection.ledger import Entry, Ledger
from selftest.detection.outcome import Left, Outcome
from selftest.detection.record import Record
from selftest.detection.tried import Tried

HEALTHY = Cell(dialect="suse_legacy")
STALE = Cell(dialect="suse", faults=("initrd-stale",))
DRAWN = Cell(dialect="suse", faults=("append-hangs", "unloaded"), shape=Shape(crashkernel="160M,high+64M,low"))
DUMP = Outcome(left=Left.DUMP, ended="restarted", size=17)
CUT = Outcome(left=Left.UNUSABLE, ended="a shell: 'after' a save…", problem="it is cut short: 3 of 4 pages")


def entry(cell: Cell, outcome: Outcome | None = DUMP, when: str = "2026-11-23T09:00:00+00:00") -> Entry:
    return Entry(cell=cell, outcome=outcome, when=when, seconds={"up": 3.2, "crash": 40.1})


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return Record(tmp_path / "cases")


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "results")


@pytest.mark.parametrize("cell", [HEALTHY, STALE, DRAWN], ids=lambda cell: cell.id)
@pytest.mark.parametrize("outcome", [DUMP, CUT], ids=lambda outcome: outcome.left)
def test_what_a_crash_left_is_read_as_it_was_kept(record: Record, cell: Cell, outcome: Outcome) -> None:
    record.add([entry(cell, outcome)])
    assert record.read(cell) == Entry(cell=cell, outcome=outcome, when="2026-11-23", seconds={"all": 43})
    assert record.all() == [record.read(cell)]


def test_an_entry_is_one_line_and_lies_beside_its_evidence(record: Record) -> None:
    record.add([entry(DRAWN, CUT), entry(STALE)])
    drawn = record.evidence(DRAWN).with_name("crashed.yaml").read_text(encoding="utf-8").splitlines()
    assert drawn[-1].startswith("append-hangs+unloaded@160M_high+64M_low: {left: unusable")
    assert record.evidence(STALE) == record.root / "suse" / "initrd-stale.evidence.gz"


def test_adding_keeps_what_is_there_and_replaces_the_same_cell(record: Record) -> None:
    record.add([entry(STALE), entry(Cell(dialect="suse"))])
    record.add([entry(STALE, CUT)])
    assert [(each.cell.name, each.outcome and each.outcome.left) for each in record.all()] == [
        ("healthy", "dump"),
        ("initrd-stale", "unusable"),
    ]


def test_a_cell_that_another_machine_crashed_is_tried(record: Record, ledger: Ledger) -> None:
    record.add([entry(STALE)])
    ledger.write(entry(HEALTHY))
    tried = Tried(ledger, record)
    assert [each.cell.id for each in tried.all()] == ["suse/initrd-stale", "suse_legacy/healthy"]
    assert tried.evidence(STALE) == record.evidence(STALE)
    assert tried.evidence(HEALTHY) == ledger.evidence(HEALTHY)
    assert tried.read(DRAWN) is None


@pytest.mark.parametrize(
    ("here", "counts"),
    [
        (entry(STALE, CUT, "2026-11-23T10:00:00+00:00"), True),
        (entry(STALE, CUT, "2026-11-24T10:00:00+00:00"), True),
        (entry(STALE, CUT, "2026-11-22T10:00:00+00:00"), False),
        (entry(STALE, None, "2026-11-24T10:00:00+00:00"), False),
    ],
    ids=["same day", "later", "earlier", "the bench failed"],
)
def test_the_later_crash_counts(record: Record, ledger: Ledger, here: Entry, *, counts: bool) -> None:
    record.add([entry(STALE)])
    ledger.write(here)
    tried = Tried(ledger, record)
    assert tried.read(STALE) == (here if counts else record.read(STALE))
    assert tried.evidence(STALE) == (ledger if counts else record).evidence(STALE)


def test_the_bench_crashes_only_what_nobody_has(
    record: Record, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And everything with --again."""
    ran: list[str] = []
    monkeypatch.setattr(command, "remove_orphans", lambda: None)
    monkeypatch.setattr(Bench, "run", lambda _bench, cell: ran.append(cell.id))
    record.add([entry(STALE)])
    ledger.write(replace(entry(HEALTHY), outcome=None, error="LabError: no"))
    cells = [HEALTHY, STALE, DRAWN]
    command._run(cells, Tried(ledger, record), jobs=1, again=False)
    assert ran == [HEALTHY.id, DRAWN.id]
    ran.clear()
    command._run(cells, Tried(ledger, record), jobs=1, again=True)
    assert ran == [cell.id for cell in cells]


def test_taking_cases_keeps_evidence_outcome_and_what_is_expected(record: Record, ledger: Ledger) -> None:
    for each in (entry(STALE), entry(DRAWN), replace(entry(HEALTHY), outcome=None)):
        ledger.write(each)
        ledger.evidence(each.cell).write_bytes(b"evidence of " + each.cell.id.encode())
    taken = take_cases(ledger, [STALE, DRAWN, HEALTHY], record)
    assert taken == [record.evidence(STALE), record.evidence(DRAWN)]
    assert taken[1].read_bytes() == b"evidence of " + DRAWN.id.encode()
    assert {each.cell for each in record.all()} == {STALE, DRAWN}
    lines = (record.root / "suse" / "expected.yaml").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["initrd-stale: {warn: [initrd.fresh]}"]
