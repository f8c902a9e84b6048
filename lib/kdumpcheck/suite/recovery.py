# SPDX-License-Identifier: Apache-2.0
"""The fixtures of recovery tests: `recover` repairs a node, `crash_proof` crashes it on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import pytest

from kdumpcheck.crash.proof import Proof
from kdumpcheck.remedies import REMEDIES
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.suite import SUITE, Suite

#: The mark by which a recovery test names its remedy.
MARK = "remedy"
#: The mark of tests that crash a node, and the fixture that does it.
CRASH, CRASH_PROOF = "crash", "crash_proof"
#: What the recovery test of an item did, for its report.
REPAIRS = pytest.StashKey[list[RemedyResult]]()
PROOFS = pytest.StashKey[list[Proof]]()


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


@dataclass(frozen=True, slots=True)
class CrashProof:
    """Proves one node by crashing it. Calling it asks all gates, and with --apply crashes the node."""

    suite: Suite
    node: str
    done: list[Proof]

    def __call__(self) -> None:
        """Crash the node and see its dump; fail the test when a gate refuses or anything is not as it must be."""
        proof = self.suite.proofs.prove(self.node)
        self.done.append(proof)
        if proof.bad:
            pytest.fail(f"{self.node}: {proof.word.value}: {proof.reason}", pytrace=False)


@pytest.fixture
def crash_proof(request: pytest.FixtureRequest) -> CrashProof:
    """Proves one node by a crash on purpose. Plans by default, acts with --apply."""
    done: list[Proof] = []
    request.node.stash[PROOFS] = done
    return CrashProof(request.config.stash[SUITE], str(request.param), done)


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
    """The place of a test in the order in which a node gets its remedies; a crash comes last, any other test first."""
    if CRASH_PROOF in getattr(item, "fixturenames", ()):
        return len(REMEDIES)
    return list(REMEDIES).index(remedy_of(item)) if _node(item) is not None else -1


def _node(item: pytest.Item) -> object | None:
    return call.params.get("recover") if (call := getattr(item, "callspec", None)) is not None else None


def attach(item: pytest.Item, report: pytest.TestReport) -> None:
    """Put what was repaired onto the report of the test that did it."""
    if report.when == "call":
        report.__dict__["kdumpcheck_proofs"] = [proof.to_json() for proof in item.stash.get(PROOFS, [])]
        report.__dict__["kdumpcheck_remedies"] = [asdict(remedy) for remedy in item.stash.get(REPAIRS, [])]
