# SPDX-License-Identifier: Apache-2.0
"""A check on a node as pytest sees it: one item, one verdict, the reports that other plugins understand."""

from __future__ import annotations

from dataclasses import asdict
from functools import cached_property
from typing import Any

import pytest

from kdumpcheck.checks import Check, Outcome, Result
from kdumpcheck.results.words import finding

_PLAIN = "kdumpcheck"
#: What pytest calls each outcome, and in which phase: "could not look" is an error of the setup, not of the call.
_PHASE = {Outcome.ERROR: "setup"}
_PYTEST = {Outcome.FAIL: "failed", Outcome.ERROR: "failed", Outcome.SKIP: "skipped"}


class CheckItem(pytest.Item):
    """One check on one node. It is judged from memory, so it needs none of pytest's fixtures or phases."""

    def __init__(self, *, check: Check, node: str, **kwargs: Any) -> None:  # noqa: ANN401 - passed on to pytest unread
        super().__init__(**kwargs)
        self.check = check
        self.node = node
        for mark in getattr(check.function, "pytestmark", ()):
            self.own_markers.append(mark)
            self.keywords[mark.name] = mark

    def runtest(self) -> None:
        """Never called: the suite's own protocol judges instead."""
        raise RuntimeError("a check is judged by the suite; is the kdumpcheck plugin blocked?")

    @cached_property
    def location(self) -> tuple[str, int | None, str]:
        """As pytest's own, but without asking for the place of the same file again for every node."""
        _, line, title = self.reportinfo()
        return self.nodeid.partition("::")[0], line, title

    def reportinfo(self) -> tuple[Any, int, str]:
        """File, line and title, for pytest's own output."""
        return self.path, self.check.function.__code__.co_firstlineno - 1, f"{self.check.title} [{self.node}]"


class CheckReport(pytest.TestReport):
    """A report that carries its verdict as `kdumpcheck_result`, and tells it instead of a traceback."""

    def __init__(self, item: CheckItem, result: Result, when: Any, outcome: Any) -> None:  # noqa: ANN401 - pytest's Literals
        super().__init__(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome=outcome,
            longrepr=_longrepr(item, result, outcome) if when != "teardown" else None,
            when=when,
            duration=result.seconds,
        )
        self.kdumpcheck_result = result if when != "teardown" else None

    def toterminal(self, out: Any) -> None:  # noqa: ANN401 - pytest's TerminalWriter, which is not public
        """Print the finding instead of a traceback."""
        for line in str(self.longrepr).splitlines():
            out.line(line)


def verdict(item: CheckItem, result: Result, *, strict_warnings: bool) -> CheckReport:
    """The report that tells a verdict: an error of the setup phase when nothing could be judged, else a call."""
    strict = result.outcome is Outcome.WARN and strict_warnings
    outcome = "failed" if strict else _PYTEST.get(result.outcome, "passed")
    return CheckReport(item, result, _PHASE.get(result.outcome, "call"), outcome)


def closing(item: CheckItem, result: Result) -> CheckReport:
    """The report of a teardown that was not needed; pytest-html takes an item only with it."""
    return CheckReport(item, result, "teardown", "passed")


def to_plain(report: CheckReport) -> dict[str, Any]:
    """The report in plain types, for the way from a worker process to its controller."""
    data: dict[str, Any] = report._to_json()  # noqa: SLF001 - pytest's own serializer for reports, which is not public
    result = report.kdumpcheck_result
    # The enum is a str, but not to a serializer that looks at the type alone.
    plain = {**asdict(result), "outcome": result.outcome.value} if result is not None else None
    return data | {"$report_type": _PLAIN, "kdumpcheck_result": plain}


def from_plain(data: dict[str, Any]) -> CheckReport | None:
    """The report that `to_plain` took apart, or None for one of another kind."""
    if data.get("$report_type") != _PLAIN:
        return None
    carried = data.pop("kdumpcheck_result")
    plain = pytest.TestReport._from_json(data)  # noqa: SLF001 - as above
    report = CheckReport.__new__(CheckReport)
    report.__dict__.update(plain.__dict__)
    report.kdumpcheck_result = Result(**carried | {"outcome": Outcome(carried["outcome"])}) if carried else None
    return report


def _longrepr(item: CheckItem, result: Result, outcome: str) -> Any:  # noqa: ANN401 - a tuple for skips, as pytest has it
    if outcome == "skipped":
        return (str(item.path), item.reportinfo()[1] + 1, f"Skipped: {result.message}")
    return finding(result) if outcome == "failed" else None
