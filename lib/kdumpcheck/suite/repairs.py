# SPDX-License-Identifier: Apache-2.0
"""Repairs of a run: planned from the failed checks, done one node of a role at a time, looked at again afterwards."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING

from kdumpcheck.checks import Outcome, Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.evidence import CouldNotLook
from kdumpcheck.facts.lines import pairs
from kdumpcheck.remedies import REMEDIES, Action, RemedyError
from kdumpcheck.results import RemedyResult
from kdumpcheck.transport import TransportError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

_BROKEN = {Outcome.FAIL, Outcome.WARN}
_ANSWER_LIMIT = 64 * 1024

Changes = Mapping[str, Mapping[str, str]]


class Repairs:
    """Repairs nodes. The first to ask for a remedy starts it for all nodes; each then waits for its own.

    Within a role one node follows the other, so that no role loses two nodes to the same mistake at once.
    """

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._started: dict[str, dict[str, Future[RemedyResult]]] = {}
        self._pools: dict[str | None, ThreadPoolExecutor] = {}

    def repair(self, name: str, node: str) -> RemedyResult:
        """What the remedy called `name` came to on a node; waits until it is done."""
        if name not in self._started:
            self._started[name] = {each: self._queue(each).submit(self._one, name, each) for each in self._suite.nodes}
        repair = self._started[name][node]
        # Not one wait without end: a Ctrl-C just before it would not be noticed until its end.
        while not wait([repair], timeout=1).done:
            pass
        return repair.result()

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
        broken = self._broken(name, subject)
        result, changes, comment = self._repair(name, node, subject, broken)
        seconds = round(time.monotonic() - began, 3)
        return RemedyResult(node, name, result, _lines(changes), one_line(comment), broken, seconds)

    def _broken(self, name: str, subject: Subject) -> tuple[str, ...]:
        results = self._suite.judge.judge_all(subject)
        return tuple(result.check for result in results if result.outcome in _BROKEN and result.remedy == name)

    def _repair(
        self, name: str, node: str, subject: Subject, broken: tuple[str, ...]
    ) -> tuple[bool | None, Changes, str]:
        if subject.obstacle is not None:
            return False, {}, subject.obstacle.reason
        if not broken:
            return True, {}, "nothing to do"
        try:
            action = REMEDIES[name].plan(subject)
        except (RemedyError, CouldNotLook) as error:
            return False, {}, str(error)
        if not self._suite.options.apply:
            return None, action.changes, f"would {action.comment}"
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
        remaining = self._broken(name, after)
        return ", ".join(check for check in broken if check in remaining)


def _lines(changes: Changes) -> Changes:
    """The changes with all that a node said in them on one harmless line each."""
    return {one_line(what): {key: one_line(value) for key, value in change.items()} for what, change in changes.items()}
