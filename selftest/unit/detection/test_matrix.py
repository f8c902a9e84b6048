# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
from selftest.detection import matrix
from selftest.detection.cases import expectation
from selftest.detection.cell import Cell, Shape, sized, table
from selftest.detection.document import document
from selftest.detection.ledger import Entry, Ledger
from selftest.detection.modes import Mode
from selftest.detection.outcome import Left, Outcome
from selftest.detection.scenario import draw
from selftest.detection.verdict import Bar, Verdict
from selftest.unit.kept import keep

from kdumpcheck.lab.faults import FAULTS

DUMP = Outcome(left=Left.DUMP, ended="restarted", phases=("crashed",))
NOTHING = Outcome(left=Left.NONE, ended="no capture kernel started")
LEGACY = "suse_legacy"


KNOWN = Mode(
    7,
    "It is off",
    {"kexec-load-disabled": frozenset({"kernel.kexec"}), "lockdown-integrity": frozenset({"kernel.kexec"})},
    "No lock.",
)
SECTIONS = {
    "controls": b"sysctl.panic_on_oops=1\n",
    "initrds": b"upper\t/boot/initrd-x-kdump\n",
    "storage": b"layer\tmd127\t\traid1\t2\t0\tidle\n",
    "kernels": b"running=6.4\nkver=6.4\n",
}


def kept(ledger: Ledger, cell: Cell) -> None:
    """Evidence of a cell, as if it had been looked at."""
    place = ledger.evidence(cell)
    keep(place.parent, "ncn-w001", SECTIONS).rename(place)


def tried(ledger: Ledger, name: str, outcome: Outcome | None, error: str = "") -> Entry:
    cell = Cell(dialect=LEGACY, faults=() if name == "healthy" else (name,))
    entry = Entry(cell=cell, outcome=outcome, error=error, when="2026-11-23T09:00:00+00:00", seconds={"up": 3.0})
    kept(ledger, cell)
    ledger.write(entry)
    return entry


@pytest.fixture(autouse=True)
def _content(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the checks say of captured nodes is shown elsewhere; here they are content with all of them."""
    nothing = frozenset[str]()
    monkeypatch.setattr(Bar, "__init__", lambda _bar: None)
    monkeypatch.setattr(Bar, "verdict", lambda _bar, _evidence: Verdict(nothing, nothing, nothing))


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "results")


def test_an_entry_is_read_as_it_was_written(ledger: Ledger) -> None:
    entry = tried(ledger, "healthy", DUMP)
    assert ledger.read(entry.cell) == entry
    assert ledger.all() == [entry]
    assert ledger.read(Cell(dialect="suse")) is None


def test_the_matrix_shows_verdict_and_outcome_and_what_differs(ledger: Ledger) -> None:
    entries = [tried(ledger, "unloaded", NOTHING), tried(ledger, "disk-full", None, error="LabError: no")]
    rows = matrix.rows(ledger, entries)
    shown = matrix.text(rows)
    assert "suse_legacy/unloaded" in shown
    assert "none (no capture kernel started)" in shown
    assert "false green: suse_legacy/unloaded" in shown
    assert "not tried: suse_legacy/disk-full: LabError: no" in shown
    assert "2 cells" in shown


def test_the_note_has_every_cell(ledger: Ledger) -> None:
    shape = Cell(dialect=LEGACY, shape=Shape(crashkernel="96M", memory_mib=1024))
    tried(ledger, "healthy", DUMP)
    entry = Entry(cell=shape, outcome=NOTHING, when="2026-11-24T09:00:00+00:00", seconds={})
    kept(ledger, shape)
    ledger.write(entry)
    note = document(matrix.rows(ledger, ledger.all()), [KNOWN])
    assert "## suse_legacy" in note
    assert "## Other shapes" in note
    assert "| 7 | It is off | kernel.kexec | kexec-load-disabled, *lockdown-integrity* |" in note
    assert "\n- 7: No lock.\n" in note
    assert "| suse_legacy/healthy@96M@1024MiB | nothing |" in note
    assert "2026-11-23 to 2026-11-24" in note


def test_what_is_expected_of_a_cell_is_one_line_of_yaml() -> None:
    assert expectation(Cell(dialect=LEGACY)) == "{}"
    assert (
        expectation(Cell(dialect=LEGACY, faults=("initrd-gone-but-loaded",)))
        == "{warn: [initrd.present], error: [initrd.readable]}"
    )


def test_the_table_has_each_fault_in_each_dialect_it_can_exist_in() -> None:
    cells = table((LEGACY, "suse", "kdump_tools", "kdump_utils"))
    assert len({cell.id for cell in cells}) == len(cells) == 4 + sum(len(fault.dialects) for fault in FAULTS.values())
    assert [cell.name for cell in table((LEGACY,), ("healthy", "initrd-stale"))] == ["healthy", "initrd-stale"]


def test_sizes_are_of_healthy_nodes() -> None:
    cells = sized((LEGACY, "suse"), ("122M", "124M"))
    assert [cell.id for cell in cells][:2] == ["suse_legacy/healthy@122M", "suse_legacy/healthy@124M"]
    assert len(cells) == 4


def test_the_same_seed_draws_the_same_nodes() -> None:
    cells = draw(30, 7, (LEGACY, "suse"))
    assert cells == draw(30, 7, (LEGACY, "suse"))
    assert cells != draw(30, 8, (LEGACY, "suse"))
    assert len({cell.id for cell in cells}) == 30
    for cell in cells:
        assert len(cell.faults) <= 2
        assert all(cell.dialect in FAULTS[fault].dialects for fault in cell.faults)
        assert Cell.of_json(cell.to_json()) == cell


def test_a_shape_changes_the_command_line_and_nothing_else_of_it() -> None:
    line = "a rd.live.dir=LiveOS crashkernel=160M b"
    assert Shape().edit(line) == line
    shape = Shape(crashkernel="160M,high+64M,low", live_dir="1.5.2")
    assert shape.edit(line) == "a rd.live.dir=1.5.2 b crashkernel=160M,high crashkernel=64M,low"
