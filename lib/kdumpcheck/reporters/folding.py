# SPDX-License-Identifier: Apache-2.0
"""Fold equal findings of many nodes into one line with a node set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.crash.proof import Word
from kdumpcheck.evidence.evidence import BOOTED, IMAGE
from kdumpcheck.nodes import fold
from kdumpcheck.results import Run
from kdumpcheck.results.words import repair_command

#: The order in which an operator reads findings: what loses a dump, what hides, what might go wrong.
URGENCY = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN)


@dataclass(frozen=True, slots=True)
class Finding:
    """One cause on one or more nodes: `nodes` is a folded node set, `text` one line."""

    outcome: Outcome
    nodes: str
    check: str
    title: str
    text: str
    do: str
    count: int


def findings(run: Run) -> list[Finding]:
    """All that is not well in a run, most urgent first; a node that could not be looked at is one finding."""
    lost = {node.name: node.failure for node in run.nodes.values() if node.failure is not None}
    # What is expected, and what is to be done, may differ with the kdump of a node.
    groups: dict[tuple[Outcome, str, str, str], list[Result]] = {}
    for result in run.results:
        if result.outcome in URGENCY and result.node not in lost:
            key = (result.outcome, result.check, _text(result), result.offered or result.instruction)
            groups.setdefault(key, []).append(result)
    found = [_finding(outcome, results) for (outcome, *_), results in groups.items()]
    found += [_lost(reason, names) for reason, names in _by_reason(lost).items()]
    return sorted(found, key=lambda finding: (URGENCY.index(finding.outcome), -finding.count, finding.check))


def _finding(outcome: Outcome, results: list[Result]) -> Finding:
    first = results[0]
    names = fold(result.node for result in results)
    repair = repair_command(names, first.offered) if first.offered else ""
    do = repair or first.instruction if outcome is not Outcome.ERROR else ""
    return Finding(outcome, names, first.check, first.title, _text(first), do, len(results))


def _text(result: Result) -> str:
    return f"{result.found}; expected {result.expected}" if result.expected else result.message


def _lost(reason: str, names: list[str]) -> Finding:
    return Finding(Outcome.ERROR, fold(names), "could not look", "The node could be looked at", reason, "", len(names))


def _by_reason(lost: dict[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, reason in lost.items():
        reasons.setdefault(reason, []).append(name)
    return reasons


def verdict(run: Run) -> tuple[str, bool]:
    """The run in one sentence, and whether it is good news."""
    booted, names = _booted(run), {result.node for result in run.results}
    nodes = subjects(run, len(names))
    troubles = list(_troubles(run, nodes, booted=booted))
    if troubles:
        return "; ".join(troubles), False
    counts, judged = run.counts(), {result.check for result in run.results}
    if not judged:
        return "nothing was judged: no check was selected (look at -k, -m and the paths)", False
    if not counts["pass"] + counts["recovered"] + counts["warn"]:
        reasons = {result.message for result in run.results}
        return f"no check applies to {nodes}" + (f": {reasons.pop()}" if len(reasons) == 1 else ""), False
    left_out = names - {result.node for result in run.results if result.outcome is not Outcome.SKIP}
    if left_out and not booted:
        nodes = f"{len(names) - len(left_out)} of {nodes}, none applies to the others"
    elif any(name.endswith(BOOTED) for name in left_out):
        nodes += ", none applies to the node it became"
    # A green line is read as "this node will dump": a part of the checks must not pass for all of them.
    part = len(judged) < len(run.checks)
    known = f" ({len(judged)} of {len(run.checks)} checks)" if part else ""
    if proved := sum(proof.word is Word.PROVED for proof in run.proofs):
        known += "; proved by a crash" if booted else f"; {proved} proved by a crash"
    if warnings := counts["warn"]:
        return f"no {'selected ' * part}check failed on {nodes}, {_count(warnings, 'warning')}{known}", True
    return f"all {'selected ' * part}checks passed on {nodes}{known}", True


def subjects(run: Run, count: int) -> str:
    """So many nodes, or images, as an operator counts them: one image that was booted is one, and not two nodes."""
    looks = run.nodes.values()
    images = looks and all(look.origin.startswith(IMAGE) for look in looks)
    return "1 image, booted" if _booted(run) else _count(count, "image" if images else "node")


def _booted(run: Run) -> bool:
    """Whether the run is of one image, which is there twice: as its file, and as the node that it became."""
    images = [name for name, look in run.nodes.items() if look.origin.startswith(IMAGE)]
    return len(images) == 1 and set(run.nodes) == {images[0], f"{images[0]}{BOOTED}"}


def _troubles(run: Run, nodes: str, *, booted: bool) -> Iterator[str]:
    bad = {result.node for result in run.results if result.outcome is Outcome.FAIL}
    unseen = {result.node for result in run.results if result.outcome is Outcome.ERROR} - bad
    if bad:
        yield f"{_who(bad, nodes, booted=booted)} cannot be trusted to save a dump"
    if unseen and not (booted and bad):
        yield f"{_who(unseen, nodes, booted=booted)} could not be judged"
    if repairs := sum(remedy.result is False for remedy in run.remedies):
        yield f"{_count(repairs, 'repair')} failed"
    if unproved := sum(proof.bad for proof in run.proofs):
        yield f"{_count(unproved, 'crash proof')} failed"
    if run.others_failed:
        yield f"{_count(run.others_failed, 'other test')} failed"
    if run.interrupted:
        yield "the run was interrupted"


def _who(some: set[str], nodes: str, *, booted: bool) -> str:
    return "the image, booted," if booted else f"{len(some)} of {nodes}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
