# SPDX-License-Identifier: Apache-2.0
"""The `recover` fixture: what a recovery test repairs a node with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pytest

from kdumpcheck.remedies import REMEDIES
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.suite import SUITE, Suite

#: The mark by which a recovery test names its remedy.
MARK = "remedy"
#: What the recovery test of an item did, for its report.
REPAIRS = pytest.StashKey[list[RemedyResult]]()


@dataclass(frozen=True, slots=True)
class Recover:
    """Repairs one node with the remedy of its test. Calling it plans the repair, and with --apply does it."""

    suite: Suite
    node: str
    remedy: str
    done: list[RemedyResult]

    def __call__(self) -> None:
        """Apply the remedy if a broken check asks for it; fail the test when the node is not mended."""
        result = self.suite.repairs.repair(self.remedy, self.node)
        self.done.append(result)
        if result.result is False:
            pytest.fail(f"{self.node}: {self.remedy}: {result.comment}", pytrace=False)


@pytest.fixture
def recover(request: pytest.FixtureRequest) -> Recover:
    """Repairs one node by the remedy that the test's mark names. Plans by default, acts with --apply."""
    done: list[RemedyResult] = []
    request.node.stash[REPAIRS] = done
    return Recover(request.config.stash[SUITE], str(request.param), remedy_of(request.node), done)


def remedy_of(item: pytest.Item) -> str:
    """The remedy that a recovery test's mark names. Raises `pytest.UsageError` for a test that names none we know."""
    mark = item.get_closest_marker(MARK)
    name = str(mark.args[0]) if mark is not None and mark.args else ""
    if name not in REMEDIES:
        known = ", ".join(REMEDIES)
        raise pytest.UsageError(f'{item.nodeid}: a recovery test says @pytest.mark.remedy("ID") with one of {known}')
    return name


def wanted(items: Iterable[pytest.Item]) -> frozenset[tuple[str, str]]:
    """Which remedies the recovery tests among the items want on which nodes."""
    return frozenset((remedy_of(item), str(node)) for item in items if (node := _node(item)) is not None)


def rank(item: pytest.Item) -> int:
    """The place of a test in the order in which a node gets its remedies; any other test comes first."""
    return list(REMEDIES).index(remedy_of(item)) if _node(item) is not None else -1


def _node(item: pytest.Item) -> object | None:
    return call.params.get("recover") if (call := getattr(item, "callspec", None)) is not None else None


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put what was repaired onto the report of the test that did it."""
    if report.when == "call":
        report.__dict__["kdumpcheck_remedies"] = [asdict(remedy) for remedy in item.stash.get(REPAIRS, [])]
