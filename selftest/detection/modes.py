# SPDX-License-Identifier: Apache-2.0
"""The known ways of not dumping (selftest/cases/modes.yaml), each with what names it and the nodes that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from selftest.detection.cell import Cell

from kdumpcheck.lab.faults import FAULTS

#: Names every edit of the configuration that the image has not, whatever it does.
_ANY_EDIT: Final = frozenset({"config.image"})


@dataclass(frozen=True, slots=True)
class Mode:
    """One way of not dumping, by its rank: the first is the likeliest and quietest."""

    number: int
    what: str
    nodes: Mapping[str, frozenset[str]]
    """faults and edited cases that show it, each with the checks that it must be named by"""
    unseen: str
    """what of it no node of the lab can be, in words; "" when all of it was crashed"""

    @property
    def named(self) -> tuple[str, ...]:
        """The checks that name it, those of most nodes first."""
        checks = [check for named in self.nodes.values() for check in sorted(named)]
        return tuple(sorted(dict.fromkeys(checks), key=lambda check: -checks.count(check)))


def modes(cases: Path) -> list[Mode]:
    """All modes in their order. Raises `KeyError` for a node that is neither a fault nor an edited case."""
    found = yaml.safe_load((cases / "modes.yaml").read_text(encoding="utf-8"))
    edited = yaml.safe_load((cases / "edited.yaml").read_text(encoding="utf-8"))
    return [_mode(number, data, edited) for number, data in sorted(found.items())]


def _mode(number: int, data: Mapping[str, Any], edited: Mapping[str, Any]) -> Mode:
    nodes = {name: _named(name, edited) for name in data["nodes"]}
    return Mode(number, data["what"], nodes, data.get("unseen", ""))


def _named(node: str, edited: Mapping[str, Any]) -> frozenset[str]:
    if node in FAULTS:
        expected = Cell(dialect=FAULTS[node].dialects[0], faults=(node,)).expected.values()
    else:
        expected = edited[node]["expected"].values()
    checks = frozenset(check for checks in expected for check in checks)
    return checks - _ANY_EDIT or checks
