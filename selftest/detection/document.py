# SPDX-License-Identifier: Apache-2.0
"""docs/detection.md: the matrix for readers."""

from __future__ import annotations

from collections.abc import Sequence

from selftest.detection.cell import Cell
from selftest.detection.matrix import Row, counts
from selftest.detection.modes import Mode
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
_DRAWN = """\
## Other shapes, and two faults at once

Drawn at random (from `--random 20 --seed 7`), or tried to measure how little crash memory is enough (`--sizes`). After
the @ stand crashkernel=, rd.live.dir= and the node's memory.

"""
_LEFT = {
    Left.DUMP: "dump",
    Left.ELSEWHERE: "saved where /var/crash does not show it",
    Left.UNUSABLE: "unusable",
    Left.NONE: "nothing",
}


_MODES = """\
## The known ways of not dumping

The likelier and quieter ones first. What names one is what is expected of the nodes that show it: faults that lab nodes
were crashed with, and cases whose answers are made up, in *italics*.
"""


def document(table: Sequence[Row], known: Sequence[Mode]) -> str:
    """The note from the same data as the matrix in the terminal, and the known ways of not dumping."""
    alone = [row for row in table if not row.entry.cell.drawn]
    drawn = [row for row in table if row.entry.cell.drawn]
    parts = [_HEAD, _summary(table), _disagreements(table), _modes(known), *_by_dialect(alone)]
    if drawn:
        parts.append(_DRAWN + _matrix(drawn))
    return "\n".join(parts)


def _summary(table: Sequence[Row]) -> str:
    dates = sorted(row.entry.when for row in table)
    hours = sum(row.seconds for row in table) / 3600
    when = f"{dates[0][:10]} to {dates[-1][:10]}" if dates and dates[0][:10] != dates[-1][:10] else dates[0][:10]
    verdicts = ("FAIL", "ERROR", "WARN", "pass")
    met = counts(table)
    lines = [
        f"Crashed {when}: {len(table)} nodes, {hours:.1f} hours of emulated nodes.",
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


def _modes(known: Sequence[Mode]) -> str:
    lines = ["| | what is wrong | named by | shown by |", "|---:|---|---|---|"]
    for mode in known:
        nodes = ", ".join(name if name in FAULTS else f"*{name}*" for name in mode.nodes)
        lines.append(f"| {mode.number} | {_cell(mode.what)} | {', '.join(mode.named)} | {nodes} |")
    unseen = [f"- {mode.number}: {mode.unseen}" for mode in known if mode.unseen]
    return "\n".join([_MODES, *lines, "", "What of them no node of the lab can show:", "", *unseen, ""])


def _by_dialect(table: Sequence[Row]) -> list[str]:
    dialects = list(dict.fromkeys(row.entry.cell.dialect for row in table))
    return [f"## {name}\n\n{_matrix([row for row in table if row.entry.cell.dialect == name])}" for name in dialects]


def _matrix(table: Sequence[Row]) -> str:
    lines = ["| node | what is wrong | verdict | named | the crash left | s |", "|---|---|---|---|---|---:|"]
    for row in table:
        cell, verdict = row.entry.cell, row.verdict.word if row.verdict else "-"
        # Those of the table stand under their dialect.
        name = cell.id if cell.drawn else cell.name
        lines.append(f"| {name} | {_title(cell)} | {verdict} | {row.named} | {_cell(row.left)} | {row.seconds:.0f} |")
    return "\n".join(lines) + "\n"


def _title(cell: Cell) -> str:
    return "; ".join(_cell(FAULTS[fault].title) for fault in cell.faults) or "nothing"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
