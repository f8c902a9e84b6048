# SPDX-License-Identifier: Apache-2.0
"""The `recover` fixture: what a recovery test repairs a node with."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import pytest

from kdumpcheck.checks import Outcome, Subject
from kdumpcheck.evidence import CouldNotLook
from kdumpcheck.facts.lines import pairs
from kdumpcheck.remedies import REMEDIES, Action, RemedyError
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.suite import SUITE, Suite
from kdumpcheck.transport import TransportError

#: What the recovery test of an item did, for its report.
REPAIRS = pytest.StashKey[list[RemedyResult]]()

_BROKEN = {Outcome.FAIL, Outcome.WARN}
_ANSWER_LIMIT = 64 * 1024


@dataclass(slots=True)
class Recover:
    """Repairs one node. Calling it with a remedy's id plans the repair, and with --apply does it."""

    suite: Suite
    node: str
    done: list[RemedyResult]

    def __call__(self, name: str) -> None:
        """Apply the remedy called `name` if a failed check asks for it; fail the test when the node is not mended."""
        began = time.monotonic()
        subject = self.suite.subjects[self.node]
        if subject.obstacle is not None:
            raise pytest.fail.Exception(f"{self.node}: {subject.obstacle.reason}", pytrace=False)
        result, changes, comment = self._repair(name, subject, broken := self._broken(name, subject))
        seconds = round(time.monotonic() - began, 3)
        self.done.append(RemedyResult(self.node, name, result, changes, comment, broken, seconds))
        if result is False:
            raise pytest.fail.Exception(f"{self.node}: {name}: {comment}", pytrace=False)

    def _broken(self, name: str, subject: Subject) -> tuple[str, ...]:
        results = self.suite.judge.judge_all(subject)
        return tuple(result.check for result in results if result.outcome in _BROKEN and result.remedy == name)

    def _repair(
        self, name: str, subject: Subject, broken: tuple[str, ...]
    ) -> tuple[bool | None, Mapping[str, Mapping[str, str]], str]:
        if not broken:
            return True, {}, "nothing to do"
        try:
            action = REMEDIES[name].plan(subject)
        except (RemedyError, CouldNotLook) as error:
            return False, {}, str(error)
        if not self.suite.options.apply:
            return None, action.changes, f"would {action.comment}"
        done, comment = self._act(action)
        after = self.suite.look_again(self.node, self.suite.probe())
        still = after.obstacle.reason if after.obstacle else ", ".join(set(self._broken(name, after)) & set(broken))
        if done and not still:
            return True, action.changes, comment
        return False, action.changes if done else {}, comment + (f"; still broken: {still}" if still else "")

    def _act(self, action: Action) -> tuple[bool, str]:
        node = self.suite.nodes[self.node]
        try:
            answer = self.suite.fleet.run(node, action.script, seconds=action.seconds, limit=_ANSWER_LIMIT)
        except TransportError as error:
            self.suite.fleet.drop(node)
            return False, f"the node was lost during the repair ({error}); the repair finishes or undoes itself there"
        found = pairs(answer.stdout.decode("utf-8", errors="backslashreplace"))
        said = answer.stderr.decode("utf-8", errors="backslashreplace").strip()[:200]
        return found.get("result") == "mended", found.get("comment") or said or "the repair gave no answer"


@pytest.fixture
def recover(request: pytest.FixtureRequest) -> Recover:
    """Repairs one node: `recover("initrd.rebuild")`. Plans by default, acts with --apply."""
    done: list[RemedyResult] = []
    request.node.stash[REPAIRS] = done
    return Recover(request.config.stash[SUITE], str(request.param), done)


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put what was repaired onto the report of the test that did it."""
    if report.when == "call":
        report.__dict__["kdumpcheck_remedies"] = [asdict(remedy) for remedy in item.stash.get(REPAIRS, [])]
