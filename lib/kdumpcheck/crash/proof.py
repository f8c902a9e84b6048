# SPDX-License-Identifier: Apache-2.0
"""The record of a crash proof: what had to hold, how the crash went, what it left, and the word on it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from kdumpcheck.checks.judge import one_line
from kdumpcheck.guards import Gate

#: Several gates may be shut, each with a line of its own.
_LONGEST_REASON = 2000


class Word(StrEnum):
    """What came of a crash proof."""

    PROVED = "proved"
    """the node crashed, saved its dump, and is back and armed"""
    FAILED = "failed"
    """the node was crashed, and something of it is not as it must be"""
    REFUSED = "refused"
    """a gate did not open; the node was not crashed"""
    PLANNED = "planned"
    """all gates are open, and nobody said --apply"""
    INTERRUPTED = "interrupted"
    """the operator left while the crash went on"""


@dataclass(frozen=True, slots=True)
class PhaseTime:
    """A phase of the crash, and when it began, in seconds from the trigger."""

    phase: str
    at: float


@dataclass(frozen=True, slots=True)
class DumpFacts:
    """The dump that the crash left. `kept` is whether it is still there."""

    path: str
    size: int
    kind: str
    release: str
    files: tuple[str, ...]
    kept: bool


@dataclass(frozen=True, slots=True)
class Proof:
    """One crash proof of one node. `seconds` is from the trigger until the node was back and armed, 0.0 without one.

    `reason` is one line: what to know, or what to do. `hung_in` is the phase in which it hung ("" when it did not),
    `cause` the likely cause, `last_lines` the console's last words, `unseen` what could not be seen and why.
    """

    node: str
    word: Word
    reason: str
    trigger: str
    started: str
    seconds: float = 0.0
    gates: tuple[Gate, ...] = ()
    phases: tuple[PhaseTime, ...] = ()
    points: tuple[Gate, ...] = ()
    hung_in: str = ""
    cause: str = ""
    rescued: bool = False
    last_lines: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()
    dump: DumpFacts | None = None
    console_log: str = ""

    def but(self, **changes: Any) -> Proof:  # noqa: ANN401 - any field; mypy's own rule for replace
        """The same proof with some fields anew."""
        return replace(self, **changes)

    @property
    def bad(self) -> bool:
        """Whether the test that asked for it fails."""
        return self.word not in {Word.PROVED, Word.PLANNED}

    def to_json(self) -> dict[str, Any]:
        """The proof as the document of results has it."""
        data = asdict(self)
        return {**data, "word": self.word.value, **{key: list(data[key]) for key in _LISTS}, "dump": _dump(self.dump)}


def harmless(proof: Proof) -> Proof:
    """The proof with all that a node, a console or a BMC said in it on one harmless line each."""

    def gates(found: tuple[Gate, ...]) -> tuple[Gate, ...]:
        return tuple(Gate(gate.name, gate.holds, one_line(gate.said)) for gate in found)

    return proof.but(
        reason=one_line(proof.reason, _LONGEST_REASON),
        gates=gates(proof.gates),
        points=gates(proof.points),
        cause=one_line(proof.cause),
        last_lines=tuple(map(one_line, proof.last_lines)),
        unseen=tuple(map(one_line, proof.unseen)),
    )


_LISTS = ("gates", "phases", "points", "last_lines", "unseen")


def _dump(dump: DumpFacts | None) -> dict[str, Any] | None:
    return None if dump is None else {**asdict(dump), "files": list(dump.files)}
