# SPDX-License-Identifier: Apache-2.0
"""The `recover` fixture: what a recovery test repairs a node with."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import pytest

from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.suite import SUITE, Suite

#: What the recovery test of an item did, for its report.
REPAIRS = pytest.StashKey[list[RemedyResult]]()


@dataclass(frozen=True, slots=True)
class Recover:
    """Repairs one node. Calling it with a remedy's id plans the repair, and with --apply does it."""

    suite: Suite
    node: str
    done: list[RemedyResult]

    def __call__(self, name: str) -> None:
        """Apply the remedy called `name` if a failed check asks for it; fail the test when the node is not mended."""
        result = self.suite.repairs.repair(name, self.node)
        self.done.append(result)
        if result.result is False:
            pytest.fail(f"{self.node}: {name}: {result.comment}", pytrace=False)


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
