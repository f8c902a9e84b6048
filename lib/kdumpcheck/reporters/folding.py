# SPDX-License-Identifier: Apache-2.0
"""Fold equal findings of many nodes into one line with a node set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.crash.proof import Word
from kdumpcheck.evidence.evidence import IMAGE
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
    # What is to be done may differ with the kdump of a node.
    groups: dict[tuple[Outcome, str, str, str], list[Result]] = {}
    for result in run.results:
        if result.outcome in URGENCY and result.node not in lost:
            key = (result.outcome, result.check, result.found or result.message, result.offered or result.instruction)
            groups.setdefault(key, []).append(result)
    found = [_finding(outcome, results) for (outcome, *_), results in groups.items()]
    found += [_lost(reason, names) for reason, names in _by_reason(lost).items()]
    return sorted(found, key=lambda finding: (URGENCY.index(finding.outcome), -finding.count, finding.check))


def _finding(outcome: Outcome, results: list[Result]) -> Finding:
    first = results[0]
    names = fold(result.node for result in results)
    repair = repair_command(names, first.offered) if first.offered else ""
    text = f"{first.found}; expected {first.expected}" if first.expected else first.message
    do = repair or first.instruction if outcome is not Outcome.ERROR else ""
    return Finding(outcome, names, first.check, first.title, text, do, len(results))


def _lost(reason: str, names: list[str]) -> Finding:
    return Finding(Outcome.ERROR, fold(names), "could not look", "The node could be looked at", reason, "", len(names))


def _by_reason(lost: dict[str, str]) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for name, reason in lost.items():
        reasons.setdefault(reason, []).append(name)
    return reasons


def verdict(run: Run) -> tuple[str, bool]:
    """The run in one sentence, and whether it is good news."""
    nodes = _count(len({result.node for result in run.results}), _word(run))
    troubles = list(_troubles(run, nodes))
    if troubles:
        return "; ".join(troubles), False
    counts, judged = run.counts(), {result.check for result in run.results}
    if not judged:
        return "nothing was judged: no check was selected (look at -k, -m and the paths)", False
    if not counts["pass"] + counts["recovered"] + counts["warn"]:
        reasons = {result.message for result in run.results}
        return f"no check applies to {nodes}" + (f": {reasons.pop()}" if len(reasons) == 1 else ""), False
    left_out = {result.node for result in run.results} - {
        result.node for result in run.results if result.outcome is not Outcome.SKIP
    }
    if left_out:
        nodes = f"{len({result.node for result in run.results}) - len(left_out)} of {nodes}, none applies to the others"
    # A green line is read as "this node will dump": a part of the checks must not pass for all of them.
    part = len(judged) < len(run.checks)
    known = f" ({len(judged)} of {len(run.checks)} checks)" if part else ""
    if proved := sum(proof.word is Word.PROVED for proof in run.proofs):
        known += f"; {proved} proved by a crash"
    if warnings := counts["warn"]:
        return f"no {'selected ' * part}check failed on {nodes}, {_count(warnings, 'warning')}{known}", True
    return f"all {'selected ' * part}checks passed on {nodes}{known}", True


def _word(run: Run) -> str:
    """What was judged; an image beside the node it booted as is counted as one of them."""
    looks = run.nodes.values()
    return "image" if looks and all(look.origin.startswith(IMAGE) for look in looks) else "node"


def _troubles(run: Run, nodes: str) -> Iterator[str]:
    bad = {result.node for result in run.results if result.outcome is Outcome.FAIL}
    unseen = {result.node for result in run.results if result.outcome is Outcome.ERROR} - bad
    if bad:
        yield f"{len(bad)} of {nodes} cannot be trusted to save a dump"
    if unseen:
        yield f"{len(unseen)} of {nodes} could not be judged"
    if repairs := sum(remedy.result is False for remedy in run.remedies):
        yield f"{_count(repairs, 'repair')} failed"
    if unproved := sum(proof.bad for proof in run.proofs):
        yield f"{_count(unproved, 'crash proof')} failed"
    if run.others_failed:
        yield f"{_count(run.others_failed, 'other test')} failed"
    if run.interrupted:
        yield "the run was interrupted"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
