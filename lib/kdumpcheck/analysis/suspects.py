# SPDX-License-Identifier: Apache-2.0
"""Modules that may be to blame, the likeliest first, each with its reasons: a hint for a person, no verdict."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.analysis.death import Death
from kdumpcheck.analysis.taint import MODULE_MARKS

#: How much each reason weighs. The place of failure outweighs all else; being odd alone weighs little.
_FAILED_IN, _CALLED, _MAYBE_CALLED = 100, 40, 8
_MARKS = {"F": 12, "P": 10, "O": 10, "C": 6, "E": 4, "N": 4, "X": 2, "K": 2}
_MOST = 10


@dataclass(frozen=True, slots=True)
class Suspect:
    """A module with what speaks against it."""

    module: str
    weight: int
    """larger is likelier; of no meaning by itself"""
    reasons: tuple[str, ...]


def suspects(death: Death) -> tuple[Suspect, ...]:
    """The modules against which anything speaks; the ten likeliest."""
    against: dict[str, list[tuple[int, str]]] = {}
    if death.at is not None and death.at.module is not None:
        failed = (_FAILED_IN, f"the instruction that failed is in it, in {death.at.symbol}")
        against.setdefault(death.at.module, []).append(failed)
    for number, frame in enumerate(death.trace):
        if frame.module is None:
            continue
        weight, words = (_CALLED, "is on the stack") if frame.sure else (_MAYBE_CALLED, "may be on the stack")
        against.setdefault(frame.module, []).append((max(1, weight - number), f"{frame.symbol} {words}"))
    for module in death.modules:
        for mark in module.marks:
            if mark in _MARKS:
                against.setdefault(module.name, []).append((_MARKS[mark], f"it is {MODULE_MARKS[mark]}"))
    found = [_suspect(module, points) for module, points in against.items()]
    return tuple(sorted(found, key=lambda each: (-each.weight, each.module))[:_MOST])


def _suspect(module: str, points: list[tuple[int, str]]) -> Suspect:
    # Many frames of one module are one reason, told by the one that weighs most.
    frames = sorted((point for point in points if point[1].endswith(" stack")), reverse=True)
    others = [point for point in points if not point[1].endswith(" stack")]
    kept = sorted([*others, *frames[:1]], key=lambda point: -point[0])
    return Suspect(module, sum(weight for weight, _ in kept), tuple(words for _, words in kept))
