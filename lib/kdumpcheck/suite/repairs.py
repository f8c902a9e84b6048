# SPDX-License-Identifier: Apache-2.0
"""Repairs of a run: planned from the failed checks, done a few nodes at a time, looked at again afterwards."""

from __future__ import annotations

from concurrent.futures import Future, wait
from contextlib import suppress
from typing import TYPE_CHECKING

from kdumpcheck.checks.judge import one_line
from kdumpcheck.guards import Flights, fly
from kdumpcheck.nodes import Node
from kdumpcheck.remedies import REMEDIES
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.journal import Journal
from kdumpcheck.suite.plans import forbidden, mends
from kdumpcheck.suite.resets import Resets
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.suite.visits import Said, Tools, Visit, harmless

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite


class Repairs:
    """Repairs nodes. The first to ask starts all that is wanted of all nodes; each then waits for its own.

    A node gets all its remedies before the next node of its role gets any, so that no role loses two nodes to the same
    mistake at once; and no more than `--max-unavailable` nodes are worked on at once.
    """

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._journal = Journal(suite.report_dir)
        self._restarts = Restarts(suite)
        self._flights: Flights | None = None
        self._promised: dict[tuple[str, str], Future[RemedyResult]] = {}

    def repair(self, name: str, node: str) -> RemedyResult:
        """What the remedy called `name` came to on a node; waits until it is done."""
        if not self._suite.apply:
            return self._planned(name, node)
        if self._flights is None:
            self._start()
        repair = self._promised[name, node]
        try:
            # Not one wait without end: a Ctrl-C just before it would not be noticed until its end.
            while not wait([repair], timeout=1).done:
                pass
        except KeyboardInterrupt:
            # At once, and not when pytest has written its reports: a node that is watched may be reset meanwhile.
            self.close()
            raise
        return repair.result()

    def _start(self) -> None:
        suite, most = self._suite, self._suite.options.max_unavailable
        self._promised = {key: Future() for key in sorted(suite.wanted)}
        for name, subject in suite.subjects.items():
            failure = subject.evidence.failure
            with suppress(OSError):  # before anything is begun it is tried again, and then it counts
                self._journal.write("lost" if failure else "looked", name, said=failure or "")
        self._flights = Flights([suite.nodes[node] for node in {node for _, node in suite.wanted}], most)
        fly(self._flights, self._visit, most)

    def close(self) -> None:
        """Start nothing more; what runs on a node finishes or undoes itself there."""
        self._restarts.stopped = True
        if self._flights is not None:
            self._flights.cancel()

    def _visit(self, node: Node) -> None:
        flights = self._flights
        if flights is None:
            raise RuntimeError("nobody has started the repairs")
        tools = Tools(
            self._suite,
            self._journal,
            self._restarts,
            Resets(self._suite, self._restarts),
            lambda why: flights.ground(node, why),
            lambda: flights.grounded(node),
        )
        names = [name for name in REMEDIES if (name, node.name) in self._promised]
        promised = {name: self._promised[name, node.name] for name in names}
        try:
            Visit(tools, node.name).remedies(names, lambda done: promised[done.name].set_result(done))
        except BaseException as error:  # whatever it is, whoever waits must hear of it
            for future in promised.values():
                if not future.done():
                    future.set_exception(error)
            if not isinstance(error, Exception):
                raise

    def _planned(self, name: str, node: str) -> RemedyResult:
        """What the plan says of a remedy; nothing is done."""
        broken = mends(name, self._suite.judge.judge_all(self._suite.subjects[node]))
        result, changes, comment = self._plan_says(name, node, broken)
        return RemedyResult(node, name, result, harmless(changes), one_line(comment), broken)

    def _plan_says(self, name: str, node: str, broken: tuple[str, ...]) -> Said:
        subject = self._suite.subjects[node]
        steps = self._suite.plans.get(node, [])
        step = next((step for step in steps if step.name == name), None)
        if subject.obstacle is not None and step is None:
            return False, {}, subject.obstacle.reason
        if step is None and broken:
            other = next((step.name for step in steps if name in REMEDIES[step.name].includes), "")
            return True, {}, f"nothing to do: {other} does it" if other else "nothing to do"
        if step is None:
            return True, {}, "nothing to do"
        no = forbidden(REMEDIES[name], reboot=self._suite.options.reboot)
        if step.action is None and step.refusal != no:
            return False, {}, step.refusal
        if no or step.action is None:
            return None, {}, no
        return None, step.action.changes, f"would {step.action.comment}"
