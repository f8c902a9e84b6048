# SPDX-License-Identifier: Apache-2.0
"""What crashes showed, kept in the repository: beside the evidence of each captured node, how its crash ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from selftest.detection.cell import Cell, Shape
from selftest.detection.ledger import Entry
from selftest.detection.outcome import Left, Outcome

NAME: Final = "crashed.yaml"
DRAWN: Final = "drawn"
_HEAD: Final = """\
# What the crash of each node left whose evidence lies here: the dump, how the crash ended ("" where nobody kept it),
# why the dump is no good, how long all of it took, and the day. Written by `python -m selftest.detection --cases`.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """The directory of captured cases, one below it for each dialect, and in that one for the nodes drawn at random."""

    root: Path

    def evidence(self, cell: Cell) -> Path:
        """What the probe saw on the node before the crash."""
        return self._place(cell) / f"{cell.name}.evidence.gz"

    def read(self, cell: Cell) -> Entry | None:
        """The entry of a cell, or None when no crash of it is kept."""
        return _read(self._place(cell)).get(cell.name)

    def all(self) -> list[Entry]:
        """Every entry there is, by the cell's name."""
        files = sorted({*self.root.glob(f"*/{NAME}"), *self.root.glob(f"*/{DRAWN}/{NAME}")})
        return [entry for file in files for _, entry in sorted(_read(file.parent).items())]

    def add(self, entries: Iterable[Entry]) -> None:
        """Keep these entries, too; those of the same cells are replaced."""
        places: dict[Path, dict[str, Entry]] = {}
        for entry in entries:
            place = self._place(entry.cell)
            places.setdefault(place, dict(_read(place)))[entry.cell.name] = entry
        for place, known in places.items():
            place.mkdir(parents=True, exist_ok=True)
            lines = [f"{name}: {_line(_to_yaml(entry))}" for name, entry in sorted(known.items())]
            (place / NAME).write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
        _read.cache_clear()

    def _place(self, cell: Cell) -> Path:
        return self.root / cell.dialect / DRAWN if cell.drawn else self.root / cell.dialect


@cache
def _read(place: Path) -> Mapping[str, Entry]:
    """The entries of one directory by the cell's name; the directory's own name is the dialect, or its parent's."""
    file = place / NAME
    if not file.exists():
        return {}
    dialect = place.parent.name if place.name == DRAWN else place.name
    kept = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return {name: _entry(dialect, name, data) for name, data in kept.items()}


def _entry(dialect: str, name: str, data: Mapping[str, Any]) -> Entry:
    faults = data.get("faults", () if name == Cell(dialect=dialect).name else (name,))
    outcome = Outcome(
        left=Left(data["left"]), ended=data["ended"], problem=data.get("problem", ""), size=data.get("bytes", 0)
    )
    cell = Cell(dialect=dialect, faults=tuple(faults), shape=Shape(**data.get("shape", {})))
    return Entry(cell=cell, outcome=outcome, when=str(data["day"]), seconds={"all": data["seconds"]})


def _to_yaml(entry: Entry) -> dict[str, Any]:
    """Of an entry what is the same on every machine, and the seconds."""
    outcome, cell = entry.outcome, entry.cell
    assert outcome is not None, f"{cell.id} was not crashed"
    kept: dict[str, Any] = {"left": outcome.left.value, "ended": outcome.ended}
    if outcome.problem:
        kept["problem"] = outcome.problem
    if outcome.size:
        kept["bytes"] = outcome.size
    if cell.drawn:
        kept["faults"] = list(cell.faults)
        kept["shape"] = {name: value for name, value in cell.to_json()["shape"].items() if value is not None}
    return {**kept, "seconds": round(sum(entry.seconds.values())), "day": entry.when[:10]}


def _line(data: Mapping[str, Any]) -> str:
    line = yaml.safe_dump(data, default_flow_style=True, sort_keys=False, allow_unicode=True, width=100_000)
    return str(line).strip()
