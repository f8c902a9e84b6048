# SPDX-License-Identifier: Apache-2.0
"""Fold equal findings of many nodes into one line with a node set."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.nodes import fold
from kdumpcheck.results import Run

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
    groups: dict[tuple[Outcome, str, str], list[Result]] = {}
    for result in run.results:
        if result.outcome in URGENCY and result.node not in lost:
            groups.setdefault((result.outcome, result.check, result.found or result.message), []).append(result)
    found = [_finding(outcome, results) for (outcome, _, _), results in groups.items()]
    found += [_lost(reason, names) for reason, names in _by_reason(lost).items()]
    return sorted(found, key=lambda finding: (URGENCY.index(finding.outcome), -finding.count, finding.check))


def _finding(outcome: Outcome, results: list[Result]) -> Finding:
    first = results[0]
    names = fold(result.node for result in results)
    repair = f"pytest tests/recovery --nodes {names} --apply" if first.remedy else ""
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
    counts, total = run.counts(), len(run.nodes)
    bad = {result.node for result in run.results if result.outcome is Outcome.FAIL}
    unseen = {result.node for result in run.results if result.outcome is Outcome.ERROR} - bad
    nodes = "1 node" if total == 1 else f"{total} nodes"
    if bad or unseen:
        parts = [f"{len(bad)} of {nodes} cannot be trusted to save a dump"] if bad else []
        parts += [f"{len(unseen)} of {nodes} could not be judged"] if unseen else []
        return "; ".join(parts), False
    if not run.results:
        reason = (
            "the run was interrupted" if run.interrupted else "no check was selected (look at -k, -m and the paths)"
        )
        return f"nothing was judged: {reason}", False
    if warnings := counts["warn"]:
        return f"no check failed on {nodes}, {warnings} warning{'s' if warnings > 1 else ''}", True
    return f"all checks passed on {nodes}", True
