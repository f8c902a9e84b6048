# SPDX-License-Identifier: Apache-2.0
"""A run: which nodes were looked at, what each check said, what was repaired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from kdumpcheck.checks import Check, Outcome, Result
from kdumpcheck.crash.proof import Proof
from kdumpcheck.results.decode import SEVERAL_LINES

#: Version of the document; a reader refuses one it does not know.
VERSION = 1


@dataclass(frozen=True, slots=True)
class ProofNote:
    """The last proof by a crash that is known of a node: when (UTC), with which kernel, in how many seconds; as a line.

    `outdated` says what has changed on the node since, "" for nothing that matters.
    """

    when: str
    kernel: str
    seconds: float
    line: str
    outdated: str


@dataclass(frozen=True, slots=True)
class NodeLook:
    """How looking at one node went. `failure` is the one line of why it could not be looked at, else None."""

    name: str
    role: str | None
    origin: str
    taken: str
    failure: str | None
    provider: str | None
    evidence: str | None
    attempts: tuple[str, ...] = ()
    proof: ProofNote | None = None


@dataclass(frozen=True, slots=True)
class RemedyResult:
    """What a remedy did, in Salt's four keys, on one node.

    `result` is True (done, or nothing to do), False (failed) or None (would change). `changes` maps what
    was changed to {"old": ..., "new": ...}; `mends` are the ids of the failed checks that called for it.
    """

    node: str
    name: str
    result: bool | None
    changes: Mapping[str, Mapping[str, str]]
    comment: str
    mends: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step of a node's plan, as it was made before anything was done.

    `comment` says what it would do, or why it is not `possible`. `mends` are the broken checks that call for it; where
    none does yet, `after` is the earlier step that makes it necessary.
    """

    node: str
    name: str
    comment: str
    changes: Mapping[str, Mapping[str, str]]
    mends: tuple[str, ...]
    after: str
    possible: bool


@dataclass(frozen=True, slots=True)
class CheckNote:
    """What a report says of a check: all of it but the function that judges."""

    id: str
    title: str
    severity: str
    remedy: str | None
    instruction: str
    source: str
    follows: tuple[str, ...]

    @classmethod
    def of(cls, check: Check) -> Self:
        """The note on a check."""
        return cls(
            check.id, check.title, check.severity.value, check.remedy, check.instruction, check.source, check.follows
        )

    def plain(self) -> dict[str, Any]:
        """The note in plain types, as JSON has them."""
        return {**asdict(self), "follows": list(self.follows)}


@dataclass(frozen=True, slots=True)
class OtherTest:
    """A test that is no check: an operator's own, or a repair. `problem` is "failure", "error", "skipped" or "".

    `ours` is True for a repair or a crash proof, which is told elsewhere as well; `seconds` is how long it took.
    """

    classname: str
    name: str
    seconds: float
    problem: str = ""
    text: str = field(default="", metadata=SEVERAL_LINES)
    ours: bool = False

    @property
    def bad(self) -> bool:
        """Whether it fails the run and nothing else tells of it."""
        return self.problem in {"failure", "error"} and not self.ours


@dataclass(frozen=True, slots=True)
class PluginNote:
    """A plugin of the run: where it is from, and what took its place ("" while it is in use)."""

    kind: str
    name: str
    layer: str
    module: str
    replaced_by: str


@dataclass(slots=True)
class Run:
    """Everything one run found; filled while it goes, written at its end or when it is interrupted.

    `others_failed` counts failed tests that are no checks: they have their own place in pytest's reports.
    """

    started: datetime
    version: str
    mode: str
    nodes: dict[str, NodeLook] = field(default_factory=dict)
    checks: dict[str, CheckNote] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    plan: list[PlannedStep] = field(default_factory=list)
    remedies: list[RemedyResult] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    tests: list[OtherTest] = field(default_factory=list)
    plugins: list[PluginNote] = field(default_factory=list)
    finished: datetime | None = None
    exit_status: int | None = None
    interrupted: bool = False
    others_failed: int = 0

    def counts(self) -> dict[str, int]:
        """How many results had each outcome, every outcome named."""
        counted = Counter(result.outcome for result in self.results)
        return {outcome.value: counted.get(outcome, 0) for outcome in Outcome}

    def document(self) -> dict[str, Any]:
        """The run as the versioned JSON document of the contract."""
        return {
            "kdumpcheck-results": VERSION,
            "run": {
                "kdumpcheck": self.version,
                "mode": self.mode,
                "started": _stamp(self.started),
                "finished": _stamp(self.finished),
                "exit_status": self.exit_status,
                "interrupted": self.interrupted,
                "counts": self.counts(),
            },
            "nodes": [asdict(node) for node in self.nodes.values()],
            "checks": [check.plain() for check in self.checks.values()],
            "results": [_result(result, self.checks.get(result.check)) for result in self.results],
            "plan": [asdict(step) for step in self.plan],
            "remedies": [asdict(remedy) for remedy in self.remedies],
            "proofs": [proof.to_json() for proof in self.proofs],
            "tests": [asdict(test) for test in self.tests],
            "plugins": [asdict(plugin) for plugin in self.plugins],
        }


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _result(result: Result, note: CheckNote | None) -> dict[str, Any]:
    # Title, source and, but for a node whose kdump wants something else, the instruction stand once, under "checks".
    own = note is None or result.instruction != note.instruction
    return {
        "node": result.node,
        "check": result.check,
        "outcome": result.outcome.value,
        "message": result.message,
        "expected": result.expected,
        "found": result.found,
        "remedy": result.remedy,
        "cause": result.cause,
        "seconds": result.seconds,
        "refused": result.refused,
        "instruction": result.instruction if own else "",
    }
