# SPDX-License-Identifier: Apache-2.0
"""Nodes drawn at random: any shape, any dialect, none to two faults; the same seed draws the same nodes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Final

from selftest.detection.cell import Cell, Shape

from kdumpcheck.lab.faults import FAULTS, Fault

_CRASHKERNEL: Final = ("96M", "128M", "160M", "192M", "256M", "160M,high+64M,low")
_LIVE_DIRS: Final = (None, "1.5.2")
_MEMORY: Final = (768, 1024, 1536)
#: After these, little more can be written to ROOTRAID.
_LAST: Final = frozenset({"disk-full", "disk-nearly-full", "no-inodes"})
_FAMILIES: Final = {**dict.fromkeys(_LAST, "room"), "namelist-missing": "boot", "makedumpfile-removed": "initrd"}
#: What a fault does that builds or loads an initrd, or keeps others from it.
_OF_THE_INITRD: Final = ("$initrd", "reload", "unload", "systemctl restart")
_OFTEN_HEALTHY: Final = (0, 0, 1, 1, 1, 2, 2)


def draw(number: int, seed: int, dialects: Sequence[str]) -> list[Cell]:
    """So many different nodes."""
    drawn: dict[str, Cell] = {}
    stream = _endless(random.Random(seed), dialects)
    while len(drawn) < number:
        cell = next(stream)
        drawn.setdefault(cell.id, cell)
    return list(drawn.values())


def _endless(dice: random.Random, dialects: Sequence[str]) -> Iterator[Cell]:
    while True:
        dialect = dice.choice(dialects)
        shape = Shape(
            crashkernel=dice.choice(_CRASHKERNEL), live_dir=dice.choice(_LIVE_DIRS), memory_mib=dice.choice(_MEMORY)
        )
        yield Cell(dialect=dialect, faults=_faults(dice, dialect, dice.choice(_OFTEN_HEALTHY)), shape=shape)


def _faults(dice: random.Random, dialect: str, number: int) -> tuple[str, ...]:
    """Faults that can be on a node at once: no two of one family, for the second would find nothing to break."""
    chosen: list[Fault] = []
    # The shape says what is reserved, so faults of the kernel's command line are left to the table.
    fitting = [fault for fault in FAULTS.values() if dialect in fault.dialects and not fault.restarts]
    for fault in dice.sample(fitting, len(fitting)):
        if len(chosen) < number and _family(fault) not in {_family(other) for other in chosen}:
            chosen.append(fault)
    return tuple(sorted((fault.id for fault in chosen), key=_LAST.__contains__))


def _family(fault: Fault) -> str:
    # All of them need the initrd that is there, and the first may take it away.
    touches_initrd = any(words in fault.break_shell for words in _OF_THE_INITRD)
    return "initrd" if touches_initrd else _FAMILIES.get(fault.id, fault.id.partition("-")[0])
