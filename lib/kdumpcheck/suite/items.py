# SPDX-License-Identifier: Apache-2.0
"""A check on a node as pytest sees it: one item, one verdict, the reports that other plugins understand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from kdumpcheck.checks import Check, Outcome, Result

#: What pytest calls each outcome, and in which phase: "could not look" is an error of the setup, not of the call.
_PHASE = {Outcome.ERROR: "setup"}
_PYTEST = {Outcome.FAIL: "failed", Outcome.ERROR: "failed", Outcome.SKIP: "skipped"}


class CheckItem(pytest.Item):
    """One check on one node. It is judged from memory, so it needs none of pytest's fixtures or phases."""

    def __init__(self, *, check: Check, node: str, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to pytest unread
        super().__init__(**kwargs)
        self.check = check
        self.node = node
        self.user_properties = [("node", node), ("check", check.id)]

    def runtest(self) -> None:
        """Never called: the suite's own protocol judges instead."""
        raise RuntimeError("a check is judged by the suite; is the kdumpcheck plugin blocked?")

    def reportinfo(self) -> tuple[Any, int, str]:
        """File, line and title, for pytest's own output."""
        return self.path, self.check.function.__code__.co_firstlineno - 1, f"{self.check.title} [{self.node}]"


class CheckReport(pytest.TestReport):
    """A report that tells a terminal what an operator needs: found, expected, what to do."""

    def toterminal(self, out: Any) -> None:  # noqa: ANN401 - pytest's TerminalWriter, which is not public
        """Print the finding instead of a traceback."""
        for line in str(self.longrepr).splitlines():
            out.line(line)


def reports(item: CheckItem, result: Result, *, strict_warnings: bool) -> Iterator[CheckReport]:
    """The reports of one verdict: one that tells it, and the teardown that closes an item for other plugins."""
    outcome: Any = _PYTEST.get(result.outcome, "passed")
    if result.outcome is Outcome.WARN and strict_warnings:
        outcome = "failed"
    yield _report(item, result, _PHASE.get(result.outcome, "call"), outcome)
    yield _report(item, result, "teardown", "passed")


def _report(item: CheckItem, result: Result, when: Any, outcome: Any) -> CheckReport:  # noqa: ANN401 - pytest's Literals
    now = time.time()
    told = when != "teardown"
    report = CheckReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome=outcome,
        longrepr=_longrepr(item, result, outcome) if told else None,
        when=when,
        duration=result.seconds if told else 0.0,
        start=now,
        stop=now,
        user_properties=item.user_properties if told else (),
    )
    if told:
        # Plain JSON types, so that the report survives the way from a worker process.
        report.__dict__["kdumpcheck_result"] = {**asdict(result), "outcome": result.outcome.value}
    return report


def _longrepr(item: CheckItem, result: Result, outcome: str) -> Any:  # noqa: ANN401 - a tuple for skips, as pytest has it
    if outcome == "skipped":
        return (str(item.path), item.reportinfo()[1] + 1, f"Skipped: {result.message}")
    return finding(result) if outcome == "failed" else None


def finding(result: Result) -> str:
    """A finding in the words of every report: what, found, expected, what to do."""
    lines = [f"{result.node}: {result.title} ({result.check})"]
    if result.expected:
        lines += [f"  found     {result.found}", f"  expected  {result.expected}"]
    else:
        lines += [f"  {result.message}"]
    if result.outcome is not Outcome.ERROR:
        lines += [f"  do        {advice(result)}"]
    return "\n".join(lines)


def advice(result: Result) -> str:
    """What to do about a finding: the repair that kdumpcheck offers, and what a person does."""
    repair = f"pytest tests/recovery --nodes {result.node} --apply  ({result.remedy})" if result.remedy else ""
    return " or: ".join(part for part in (repair, result.instruction) if part)


def result_of(report: object) -> Result | None:
    """The verdict a report carries, or None for a report of something else."""
    carried = getattr(report, "kdumpcheck_result", None)
    if not isinstance(carried, dict):
        return None
    return Result(**{**carried, "outcome": Outcome(carried["outcome"])})
