# SPDX-License-Identifier: Apache-2.0
"""The listing for a person: a line a dump where there is room for it, else a few short ones."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from kdumpcheck.listing.row import NodeDumps, Row
from kdumpcheck.nodes import fold

_HEAD = ("NODE", "DUMP", "STATE", "SIZE", "KERNEL", "AGE", "KEPT", "WHY")
_MIB, _GIB = 1 << 20, 1 << 30


def table(found: Sequence[NodeDumps], width: int | None) -> str:
    """All dumps and what they come to; `width` is the terminal's, None where there is none."""
    cells = [_cells(each, row) for each in found for row in each.rows]
    lines = list(_lines(cells, width)) if cells else []
    notes = [f"{each.node}: {each.failure}" for each in found if each.failure is not None]
    notes += [f"{each.node}: {each.unlisted} older dumps are not listed" for each in found if each.unlisted]
    notes += [f"{each.node}: its vmcores were not looked into: {each.unseen}" for each in found if each.unseen]
    return "\n".join([*lines, *(_wrapped(note, width, "") for note in [*notes, summary(found)])]) + "\n"


def summary(found: Sequence[NodeDumps]) -> str:
    """What all of it comes to, in one line."""
    rows = [row for each in found for row in each.rows]
    states = [state(row) for row in rows]
    parts = [
        f"{states.count(word)} {word}" for word in ("complete", "incomplete", "corrupt", "not told") if word in states
    ]
    hidden = sum(not row.visible for row in rows)
    parts += [f"{hidden} out of view"] if hidden else []
    failed = [each.node for each in found if each.failure is not None]
    parts += [f"not looked at: {fold(failed)}"] if failed else []
    count = f"{_many(len(rows), 'dump')} on {_many(len(found) - len(failed), 'node')}"
    return f"{count}: {', '.join(parts)}" if parts else count


def state(row: Row) -> str:
    """The verdict in a word."""
    return str(row.verdict) if row.verdict is not None else "not told"


def _cells(node: NodeDumps, row: Row) -> tuple[str, ...]:
    age = _age(node.taken, row.crash_time)
    return (node.node, row.name, state(row), _size(row.size), row.release or "-", age, fate(node, row), _why(row))


def _why(row: Row) -> str:
    words = [row.problem] if row.problem else []
    words += [] if row.visible else [f"out of view, in {row.place}"]
    words += [row.panic] if row.panic else []
    return "; ".join(words) or "-"


def fate(node: NodeDumps, row: Row) -> str:
    """How long retention keeps it."""
    if row.visible and not node.retention:
        return "not told"
    if row.deleted_by is None:
        return "for ever"
    if row.deleted_by == 1:
        return "until the next crash"
    return "for 1 more crash" if row.deleted_by == 2 else f"for {row.deleted_by - 1} more crashes"


def _lines(cells: Sequence[tuple[str, ...]], width: int | None) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(_HEAD, *cells, strict=True)]
    if width is not None and sum(widths) + 2 * (len(widths) - 1) > width:
        # What is in the last column may be cut down to what is left, but not to nothing.
        left = width - sum(widths[:-1]) - 2 * (len(widths) - 1)
        if left < 30:
            yield from _blocks(cells, width)
            return
        widths[-1] = left
    for row in (_HEAD, *cells):
        line = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True)).rstrip()
        yield line if width is None or len(line) <= width else f"{line[: width - 3]}..."


def _blocks(cells: Iterable[tuple[str, ...]], width: int) -> Iterator[str]:
    for row in cells:
        yield _wrapped(f"{row[0]}  {row[1]}  {row[2]}", width, "    ")
        rest = ", ".join(f"{name.lower()} {cell}" for name, cell in zip(_HEAD[3:], row[3:], strict=True) if cell != "-")
        yield _wrapped(f"    {rest}", width, "    ")


def _wrapped(text: str, width: int | None, indent: str) -> str:
    return text if width is None else textwrap.fill(text, max(width, 20), subsequent_indent=indent)


def _age(taken: datetime, crash_time: int | None) -> str:
    if crash_time is None:
        return "-"
    seconds = taken.astimezone(UTC).timestamp() - crash_time
    if seconds < 0:
        return "-"
    for size, word in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {word}"
    return f"{seconds:.0f} s"


def _size(size: int) -> str:
    for unit, word in ((_GIB, "GiB"), (_MIB, "MiB"), (1 << 10, "KiB")):
        if size >= unit:
            return f"{size / unit:.1f} {word}"
    return f"{size} B"


def _many(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
