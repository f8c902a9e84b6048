# SPDX-License-Identifier: Apache-2.0
"""One node to crash: its kdump dialect, its shape, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

from kdumpcheck.lab import image
from kdumpcheck.lab.faults import FAULTS

DIALECTS: Final = tuple(image.DIALECTS)
HEALTHY: Final = "healthy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What a node may be besides broken; None leaves it as the lab makes it."""

    crashkernel: str | None = None
    live_dir: str | None = None
    memory_mib: int | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The shape for a file name."""
        memory = f"{self.memory_mib}MiB" if self.memory_mib else None
        return tuple(word.replace(",", "_") for word in (self.crashkernel, self.live_dir, memory) if word)

    def edit(self, cmdline: str) -> str:
        """A node's kernel command line as this shape has it."""
        words = [word for word in cmdline.split() if not (self.crashkernel and word.startswith("crashkernel="))]
        if self.live_dir:
            words = [f"rd.live.dir={self.live_dir}" if word.startswith("rd.live.dir=") else word for word in words]
        sizes = self.crashkernel.split("+") if self.crashkernel else []
        return " ".join([*words, *(f"crashkernel={size}" for size in sizes)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell of the matrix."""

    dialect: str
    faults: tuple[str, ...] = ()
    shape: Shape = Shape()

    @property
    def name(self) -> str:
        """The cell without its dialect, as in `initrd-stale` or `healthy@512M`."""
        return "@".join(["+".join(self.faults) or HEALTHY, *self.shape.words])

    @property
    def id(self) -> str:
        """The cell's name among all, and of its files."""
        return f"{self.dialect}/{self.name}"

    @property
    def drawn(self) -> bool:
        """Whether this is none of the table's nodes, but one drawn at random."""
        return len(self.faults) > 1 or bool(self.shape.words)

    @property
    def expected(self) -> dict[str, frozenset[str]]:
        """The checks that must fail, warn or say they could not look, by those words."""
        faults = [FAULTS[fault] for fault in self.faults]
        fails = frozenset(check for fault in faults for check in fault.expects)
        errors = frozenset(check for fault in faults for check in fault.errors) - fails
        warns = frozenset(check for fault in faults for check in fault.warns) - fails - errors
        return {"fail": fails, "warn": warns, "error": errors}

    @property
    def boots_after(self) -> bool:
        """Whether a fault strikes while the node boots after its crash, so that it must really boot."""
        return any(FAULTS[fault].strikes_at_boot for fault in self.faults)

    def to_json(self) -> dict[str, Any]:
        """The cell as plain data."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        return cls(dialect=data["dialect"], faults=tuple(data["faults"]), shape=Shape(**data["shape"]))


def sized(dialects: Sequence[str], sizes: Sequence[str]) -> list[Cell]:
    """A healthy node of each dialect with each amount of crash memory."""
    return [Cell(dialect=dialect, shape=Shape(crashkernel=size)) for dialect in dialects for size in sizes]


def table(dialects: Sequence[str], only: Sequence[str] = ()) -> list[Cell]:
    """A healthy node of each dialect, and each fault in each dialect it can exist in."""
    cells = [Cell(dialect=dialect) for dialect in dialects]
    cells += [
        Cell(dialect=dialect, faults=(fault.id,))
        for fault in FAULTS.values()
        for dialect in dialects
        if dialect in fault.dialects
    ]
    return [cell for cell in cells if not only or cell.name in only or set(cell.faults) & set(only)]
