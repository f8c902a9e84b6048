# SPDX-License-Identifier: Apache-2.0
"""Two runs compared: what is new, worse, gone, other than before, or was already so. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kdumpcheck.checks import Outcome
from kdumpcheck.nodes import fold
from kdumpcheck.results.run import Run

#: The name under which a node that could not be looked at stands, once and not with every check.
LOOK = "could not look"
#: What is not well, mildest first.
_BAD = (Outcome.WARN, Outcome.ERROR, Outcome.FAIL)


class Change(StrEnum):
    """What became of a finding, in the order in which an operator reads it."""

    NEW = "new"
    """not well now, and it was well before or was not judged"""
    WORSE = "worse"
    """not well before either, and worse now, as a warning that fails or an error that is now known to be a failure"""
    FLAPPING = "flapping"
    """it went there and back in the runs between"""
    CHANGED = "changed"
    """not well before and now, but otherwise"""
    UNSEEN = "unseen"
    """not well before, and not judged now: nobody knows that it is gone"""
    GONE = "gone"
    """not well before, and well now"""
    SAME = "same"
    """it was already so"""


@dataclass(frozen=True, slots=True)
class State:
    """What a run said of one check on one node. `text` is one line."""

    outcome: Outcome
    title: str
    text: str

    @property
    def bad(self) -> bool:
        """Whether an operator has something to do about it."""
        return self.outcome in _BAD


@dataclass(frozen=True, slots=True)
class Difference:
    """One change of one check on one or more nodes. `now` and `before` are None where it was not judged.

    `nodes` is a folded node set, `count` how many they are.
    """

    change: Change
    nodes: str
    count: int
    check: str
    before: State | None
    now: State | None

    def fails(self, *, strict_warnings: bool) -> bool:
        """Whether a gate that lets pass what was already so must not let this pass."""
        if self.now is None or self.change not in {Change.NEW, Change.WORSE, Change.FLAPPING}:
            return False
        return self.now.outcome in {Outcome.FAIL, Outcome.ERROR} or (strict_warnings and self.now.bad)


def compare(runs: Sequence[Run]) -> list[Difference]:
    """What changed from the first run to the last; those between tell what flaps. Worst first."""
    seen = [_states(run) for run in runs]
    first, last = seen[0], seen[-1]
    groups: dict[tuple[Change, str, State | None, State | None], list[str]] = {}
    for node, check in dict.fromkeys(key for states in seen for key in states):
        key = (node, check)
        before, now = first.get(key), last.get(key)
        change = _change(before, now, [states[key].bad for states in seen if key in states])
        if change is not None:
            groups.setdefault((change, check, before, now), []).append(node)
    found = [
        Difference(change, fold(nodes), len(nodes), check, before, now)
        for (change, check, before, now), nodes in groups.items()
    ]
    return sorted(found, key=_order)


def _states(run: Run) -> dict[tuple[str, str], State]:
    """All that a run judged; a skip is no judgement."""
    lost = {node.name: node.failure for node in run.nodes.values() if node.failure is not None}
    states = {
        (name, LOOK): State(Outcome.ERROR, "The node could be looked at", reason) for name, reason in lost.items()
    }
    looked = {result.node for result in run.results} - lost.keys()
    states |= {(name, LOOK): State(Outcome.PASS, "The node could be looked at", "") for name in looked}
    for result in run.results:
        if result.node not in lost and result.outcome is not Outcome.SKIP:
            text = f"{result.found}; expected {result.expected}" if result.expected else result.message
            states[result.node, result.check] = State(
                result.outcome, result.title, text if _bad(result.outcome) else ""
            )
    return states


def _bad(outcome: Outcome) -> bool:
    return outcome in _BAD


def _change(before: State | None, now: State | None, course: Sequence[bool]) -> Change | None:
    """What became of it, or None where nothing was ever wrong. `course` is whether it was bad, run by run."""
    if sum(one != other for one, other in itertools.pairwise(course)) > 1:
        return Change.FLAPPING
    was, is_bad = before is not None and before.bad, now is not None and now.bad
    if not was:
        return Change.NEW if is_bad else None
    if now is None or before is None:
        return Change.UNSEEN
    if not is_bad:
        return Change.GONE
    if now == before:
        return Change.SAME
    worse = _BAD.index(now.outcome) > _BAD.index(before.outcome)
    return Change.WORSE if worse else Change.CHANGED


def _order(each: Difference) -> tuple[int, int, int, str, str]:
    outcome = _BAD.index(each.now.outcome) if each.now is not None and each.now.bad else -1
    return list(Change).index(each.change), -outcome, -each.count, each.check, each.nodes
