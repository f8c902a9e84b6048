# SPDX-License-Identifier: Apache-2.0
"""What the operator sees while it runs and at the end: who is looked at, what is wrong, what to do."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kdumpcheck.checks import Outcome
from kdumpcheck.nodes import fold
from kdumpcheck.reporters.folding import findings, verdict
from kdumpcheck.results import Run
from kdumpcheck.results.words import result_of

if TYPE_CHECKING:
    from kdumpcheck.fleet.progress import Progress

Status = tuple[str, str, tuple[str, dict[str, bool]]]

_WORDS: dict[Outcome, Status] = {
    Outcome.WARN: ("warned", "w", ("WARN", {"yellow": True})),
    Outcome.RECOVERED: ("recovered", "R", ("RECOVERED", {"green": True})),
}
_WORD = {Outcome.FAIL: "FAIL", Outcome.ERROR: "ERROR", Outcome.WARN: "WARN"}
_COLOUR = {Outcome.FAIL: "red", Outcome.ERROR: "red", Outcome.WARN: "yellow"}


def status(outcome: Outcome, reported: str) -> Status | None:
    """Pytest's words for the outcomes it does not know."""
    return _WORDS.get(outcome) if reported == "passed" else None


def repair_status(report: pytest.TestReport) -> Status | None:
    """Pytest's words for a recovery test that planned or did something."""
    remedies = getattr(report, "kdumpcheck_remedies", ())
    if report.when != "call" or not report.passed or not remedies:
        return None
    if any(remedy["result"] is None for remedy in remedies):
        return "planned", "p", ("WOULD CHANGE", {"yellow": True})
    return _WORDS[Outcome.RECOVERED] if any(remedy["changes"] for remedy in remedies) else None


@contextmanager
def progress(config: pytest.Config) -> Iterator[Progress]:
    """A line that counts nodes while they are looked at and names the slow ones; nothing where no terminal is."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    live = reporter is not None and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"

    def told(done: int, total: int, slow: Sequence[str]) -> None:
        if live:
            reporter.rewrite(progress_line(done, total, slow, shutil.get_terminal_size().columns - 1), erase=True)

    yield told
    if live:
        reporter.rewrite("", erase=True)


def progress_line(done: int, total: int, slow: Sequence[str], width: int) -> str:
    """Nodes done, and the slow ones by name, on one line: one that wraps could not be written over."""
    line = f"looking at nodes: {done} of {total}"
    line += f"; slow: {fold(slow)}" if slow else ""
    return line if len(line) <= width else f"{line[: max(0, width - 3)]}..."


@contextmanager
def verdicts_hidden(reporter: Any) -> Iterator[None]:  # noqa: ANN401 - pytest's terminal reporter is not public
    """Keep pytest from repeating each verdict in blocks of its own; failures of ordinary tests stay in view."""
    kept = dict(reporter.stats)
    for category in ("failed", "error", "skipped"):
        reporter.stats[category] = [report for report in kept.get(category, ()) if result_of(report) is None]
    try:
        yield
    finally:
        reporter.stats.clear()
        reporter.stats.update(kept)


def summary(reporter: Any, run: Run, page: Path | None, trouble: str | None) -> None:  # noqa: ANN401 - pytest's terminal reporter is not public
    """Findings folded over nodes, plans, the verdict, and where the reports are."""
    reporter.section("kdumpcheck", sep="=")
    for finding in findings(run):
        reporter.write(f"{_WORD[finding.outcome]:<6}", **{_COLOUR[finding.outcome]: True})
        reporter.line(f"{finding.nodes}: {finding.check}: {finding.text}")
        if finding.do:
            reporter.line(f"      do: {finding.do}")
    for remedy in run.remedies:
        if remedy.changes or remedy.result is False:
            word = {None: "PLAN", True: "DONE", False: "FAIL"}[remedy.result]
            reporter.line(f"{word:<6}{remedy.node}: {remedy.name}: {remedy.comment}")
            for line in _changes(remedy.changes):
                reporter.line(line)
    if any(remedy.result is None for remedy in run.remedies):
        reporter.line("Nothing was changed. Give --apply to do what is planned.")
    if run.checks:
        sentence, good = verdict(run)
        reporter.write_line(f"VERDICT: {sentence}", green=good, red=not good, bold=True)
    if trouble:
        reporter.write_line(trouble, red=True)
    elif page is not None:
        reporter.line(f"report: {page}")


def plan_lines(run: Run) -> list[str]:
    """The plan as a person reads it before saying yes: each node's steps in their order, and what each changes."""
    lines: list[str] = []
    for node in dict.fromkeys(step.node for step in run.plan):
        lines.append(f"{node}:")
        for number, step in enumerate((step for step in run.plan if step.node == node), 1):
            why = ", ".join(step.mends) or f"after {step.after}"
            lines.append(f"  {number}. {step.name} ({why})" + ("" if step.possible else ": NOT POSSIBLE"))
            lines += [f"      {step.comment}", *_changes(step.changes)]
    return lines


def _changes(changes: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [f"      {what}: {change['old']} -> {change['new']}" for what, change in changes.items()]


def _count(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"
