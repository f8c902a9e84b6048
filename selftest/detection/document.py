# SPDX-License-Identifier: Apache-2.0
"""docs/detection.md: the matrix for readers."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from selftest.detection.cell import Cell
from selftest.detection.matrix import Row, counts
from selftest.detection.outcome import Left

from kdumpcheck.lab.faults import FAULTS

_HEAD = """\
# What the checks detect

Written by `make detection`. Each line is a real node that was broken, looked at by the suite, and then crashed for
real: the kernel panics, the capture kernel boots or does not, and what lies on ROOTRAID afterwards is compared with
what the checks had said. A vmcore counts as a dump only when all of it is there, it is of the crashed kernel, its log
holds a mark that was written just before the crash, and /var/crash shows it.

Verdicts are those of the checks of this revision on the kept evidence. **FAIL** must mean that the dump was lost, and
a node without a FAIL must leave one.
"""
_LEFT = {
    Left.DUMP: "dump",
    Left.ELSEWHERE: "saved where /var/crash does not show it",
    Left.UNUSABLE: "unusable",
    Left.NONE: "nothing",
}


def document(table: Sequence[Row]) -> str:
    """The note from the same data as the matrix in the terminal."""
    alone = [row for row in table if not _is_scenario(row.entry.cell)]
    drawn = [row for row in table if _is_scenario(row.entry.cell)]
    parts = [_HEAD, _summary(table), _disagreements(table), *_by_dialect(alone)]
    if drawn:
        parts.append("## Drawn at random\n\n" + _matrix(drawn))
    return "\n".join(parts)


def _is_scenario(cell: Cell) -> bool:
    return len(cell.faults) > 1 or bool(cell.shape.words)


def _summary(table: Sequence[Row]) -> str:
    dates = sorted(row.entry.when for row in table)
    hours = sum(row.seconds for row in table) / 3600
    when = f"{dates[0][:10]} to {dates[-1][:10]}" if dates and dates[0][:10] != dates[-1][:10] else dates[0][:10]
    # No machine by name: what matters is that it is small and emulates.
    machine = f"{os.cpu_count()} processors, {platform.machine()}"
    verdicts = ("FAIL", "ERROR", "WARN", "pass")
    met = counts(table)
    lines = [
        f"Crashed {when}: {len(table)} nodes, {hours:.1f} hours of nodes, on a machine of {machine}.",
        "",
        f"| verdict | {' | '.join(_LEFT.values())} |",
        f"|---|{'---|' * len(_LEFT)}",
    ]
    lines += [
        f"| {word} | {' | '.join(str(met.get((word, left.value), 0)) for left in _LEFT)} |"
        for word in verdicts
        if any((word, left.value) in met for left in _LEFT)
    ]
    return "\n".join([*lines, ""])


def _disagreements(table: Sequence[Row]) -> str:
    lines = [f"- {row.entry.cell.id}: {each.kind}: {each.what}" for row in table for each in row.disagreements]
    title = "## Where verdict and reality differ\n\n"
    return title + ("\n".join(lines) if lines else "Nowhere.") + "\n"


def _by_dialect(table: Sequence[Row]) -> list[str]:
    dialects = list(dict.fromkeys(row.entry.cell.dialect for row in table))
    return [f"## {name}\n\n{_matrix([row for row in table if row.entry.cell.dialect == name])}" for name in dialects]


def _matrix(table: Sequence[Row]) -> str:
    lines = ["| node | what is wrong | verdict | named | the crash left | s |", "|---|---|---|---|---|---:|"]
    lines += [
        f"| {row.entry.cell.name} | {_title(row.entry.cell)} | {row.verdict.word if row.verdict else '-'} "
        f"| {row.named} | {_cell(row.left)} | {row.seconds:.0f} |"
        for row in table
    ]
    return "\n".join(lines) + "\n"


def _title(cell: Cell) -> str:
    return "; ".join(_cell(FAULTS[fault].title) for fault in cell.faults) or "nothing"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
