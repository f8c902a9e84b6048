# SPDX-License-Identifier: Apache-2.0
"""Repairs of a run: planned from the failed checks, done one node of a role at a time, looked at again afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from kdumpcheck.checks import Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.evidence import CouldNotLook
from kdumpcheck.facts.lines import pairs
from kdumpcheck.remedies import REMEDIES, Action, RemedyError
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.plans import mends
from kdumpcheck.transport import TransportError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

_ANSWER_LIMIT = 64 * 1024

Changes = Mapping[str, Mapping[str, str]]
Said = tuple[bool | None, Changes, str]


class Repairs:
    """Repairs nodes. The first to ask starts all that is wanted of all nodes; each then waits for its own.

    A node gets all its remedies before the next node of its role gets any, so that no role loses two nodes to the same
    mistake at once.
    """

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._started: dict[tuple[str, str], Future[RemedyResult]] = {}
        self._pools: dict[str | None, ThreadPoolExecutor] = {}

    def repair(self, name: str, node: str) -> RemedyResult:
        """What the remedy called `name` came to on a node; waits until it is done."""
        if not self._started:
            self._start_all()
        if (name, node) not in self._started:
            self._start(name, node)
        repair = self._started[name, node]
        # Not one wait without end: a Ctrl-C just before it would not be noticed until its end.
        while not wait([repair], timeout=1).done:
            pass
        return repair.result()

    def _start_all(self) -> None:
        for node in self._suite.nodes:
            for name in REMEDIES:
                if (name, node) in self._suite.wanted:
                    self._start(name, node)

    def _start(self, name: str, node: str) -> None:
        self._started[name, node] = self._queue(node).submit(self._one, name, node)

    def close(self) -> None:
        """Start nothing more; what runs on a node finishes or undoes itself there."""
        for pool in self._pools.values():
            pool.shutdown(wait=False, cancel_futures=True)

    def _queue(self, node: str) -> ThreadPoolExecutor:
        role = self._suite.nodes[node].role
        if role not in self._pools:
            self._pools[role] = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"repair-{role}")
        return self._pools[role]

    def _one(self, name: str, node: str) -> RemedyResult:
        began = time.monotonic()
        subject = self._suite.subjects[node]
        broken = mends(name, self._suite.judge.judge_all(subject))
        repair = self._repair if self._suite.apply else self._planned
        result, changes, comment = repair(name, node, subject, broken)
        seconds = round(time.monotonic() - began, 3)
        return RemedyResult(node, name, result, harmless(changes), one_line(comment), broken, seconds)

    def _planned(self, name: str, node: str, subject: Subject, broken: tuple[str, ...]) -> Said:
        """What the plan says of a remedy; nothing is done."""
        if subject.obstacle is not None:
            return False, {}, subject.obstacle.reason
        steps = self._suite.plans.get(node, [])
        step = next((step for step in steps if step.name == name), None)
        if step is None and broken:
            other = next((step.name for step in steps if name in REMEDIES[step.name].includes), "")
            return True, {}, f"nothing to do: {other} does it" if other else "nothing to do"
        if step is None:
            return True, {}, "nothing to do"
        if step.action is None:
            return False, {}, step.refusal
        return None, step.action.changes, f"would {step.action.comment}"

    def _repair(self, name: str, node: str, subject: Subject, broken: tuple[str, ...]) -> Said:
        if subject.obstacle is not None:
            return False, {}, subject.obstacle.reason
        if not broken:
            return True, {}, "nothing to do"
        try:
            action = REMEDIES[name].plan(subject)
        except (RemedyError, CouldNotLook) as error:
            return False, {}, str(error)
        mended, comment = self._act(node, action)
        still = self._still(name, node, broken)
        if mended and not still:
            return True, action.changes, comment
        return False, action.changes if mended else {}, comment + (f"; still broken: {still}" if still else "")

    def _act(self, node: str, action: Action) -> tuple[bool, str]:
        fleet, target = self._suite.fleet, self._suite.nodes[node]
        try:
            answer = fleet.run(target, action.script, seconds=action.seconds, limit=_ANSWER_LIMIT)
        except TransportError as error:
            fleet.drop(target)
            return False, f"the node was lost during the repair, which finishes or undoes itself there ({error})"
        found = pairs(answer.stdout.decode("utf-8", errors="backslashreplace"))
        said = answer.stderr.decode("utf-8", errors="backslashreplace").strip()[:200]
        return found.get("result") == "mended", found.get("comment") or said or "the repair gave no answer"

    def _still(self, name: str, node: str, broken: tuple[str, ...]) -> str:
        """What of the broken is still so, by a fresh look at the node; "" when all is mended."""
        after = self._suite.look_again(node, self._suite.probe())
        if after.obstacle is not None:
            return after.obstacle.reason
        remaining = mends(name, self._suite.judge.judge_all(after))
        return ", ".join(check for check in broken if check in remaining)


def harmless(changes: Changes) -> Changes:
    """The changes with all that a node said in them on one harmless line each."""
    return {one_line(what): {key: one_line(value) for key, value in change.items()} for what, change in changes.items()}
