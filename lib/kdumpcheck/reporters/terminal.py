# SPDX-License-Identifier: Apache-2.0
"""What the operator sees while it runs and at the end: who is looked at, what is wrong, what to do."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kdumpcheck.checks import Outcome
from kdumpcheck.crash.proof import Word
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
_PROOF_WORDS: dict[str, Status] = {
    Word.PROVED: ("proved", "P", ("PROVED", {"green": True})),
    Word.PLANNED: ("planned", "p", ("WOULD CRASH", {"yellow": True})),
}
_WORD = {Outcome.FAIL: "FAIL", Outcome.ERROR: "ERROR", Outcome.WARN: "WARN"}
_COLOUR = {Outcome.FAIL: "red", Outcome.ERROR: "red", Outcome.WARN: "yellow"}


def status(outcome: Outcome, reported: str) -> Status | None:
    """Pytest's words for the outcomes it does not know."""
    return _WORDS.get(outcome) if reported == "passed" else None


def repair_status(report: pytest.TestReport) -> Status | None:
    """Pytest's words for a recovery test that planned or did something."""
    if report.when == "call" and report.passed and (proofs := getattr(report, "kdumpcheck_proofs", ())):
        return _PROOF_WORDS.get(proofs[-1]["word"])
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


def lines(config: pytest.Config) -> Callable[[str], None]:
    """Takes one line about a step that lasts minutes, and prints it with the seconds since the first of them."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    began = time.monotonic()

    def tell(line: str) -> None:
        if reporter is not None:
            reporter.ensure_newline()
            reporter.line(f"[{time.monotonic() - began:6.1f} s] {line}")

    return tell


def progress_line(done: int, total: int, slow: Sequence[str], width: int) -> str:
    """Nodes done, and the slow ones by name, on one line: one that wraps could not be written over."""
    line = f"looking at nodes: {done} of {total}"
    line += f"; slow: {fold(slow)}" if slow else ""
    return line if len(line) <= width else f"{line[: max(0, width - 3)]}..."


@contextmanager
def verdicts_hidden(reporter: Any) -> Iterator[None]:  # noqa: ANN401 - pytest's terminal reporter is not public
    """Keep pytest from repeating verdicts, repairs and proofs in blocks of its own; failures of tests stay in view."""
    kept = dict(reporter.stats)
    for category in ("failed", "error", "skipped"):
        reporter.stats[category] = [report for report in kept.get(category, ()) if not _told(report)]
    try:
        yield
    finally:
        reporter.stats.clear()
        reporter.stats.update(kept)


def _told(report: Any) -> bool:  # noqa: ANN401 - pytest's reports, and xdist's
    """Whether the summary says it all: a verdict, or a repair or a proof that failed with its own words alone."""
    if result_of(report) is not None:
        return True
    said = [f"{each['node']}: {each['name']}: {each['comment']}" for each in getattr(report, "kdumpcheck_remedies", ())]
    said += [f"{each['node']}: {each['word']}: {each['reason']}" for each in getattr(report, "kdumpcheck_proofs", ())]
    return report.when == "call" and report.longreprtext in said


def summary(reporter: Any, run: Run, page: Path | None, trouble: str | None) -> None:  # noqa: ANN401 - pytest's terminal reporter is not public
    """Findings folded over nodes, plans, the verdict, and where the reports are."""
    reporter.section("kdumpcheck", sep="=")
    for finding in findings(run):
        reporter.write(f"{_WORD[finding.outcome]:<6}", **{_COLOUR[finding.outcome]: True})
        reporter.line(f"{finding.nodes}: {finding.check}: {finding.text}")
        if finding.do:
            reporter.line(f"      do: {finding.do}")
    for line in (*_remedy_lines(run), *proof_lines(run)):
        reporter.line(line)
    planned = any(remedy.result is None and remedy.changes for remedy in run.remedies)
    if planned or any(proof.word is Word.PLANNED for proof in run.proofs):
        reporter.line("Nothing was changed. Give --apply to do what is planned.")
    if run.checks:
        sentence, good = verdict(run)
        reporter.line(counts_line(run))
        reporter.write_line(f"VERDICT: {sentence}", green=good, red=not good, bold=True)
    if trouble:
        reporter.write_line(trouble, red=True)
    elif page is not None:
        reporter.line(f"report: {page}")


def counts_line(run: Run) -> str:
    """How many verdicts had each outcome, those that there were none of left out."""
    there = [f"{number} {outcome}" for outcome, number in run.counts().items() if number]
    return f"verdicts: {', '.join(there) or 'none'}"


def plan_lines(run: Run) -> list[str]:
    """The plan as a person reads it before saying yes: each node's steps in their order, and what each changes."""
    lines: list[str] = []
    for node in dict.fromkeys(step.node for step in run.plan):
        lines.append(f"{node}:")
        for number, step in enumerate((step for step in run.plan if step.node == node), 1):
            why = ", ".join(step.mends) or (f"after {step.after}" if step.after else "")
            called = f"  {number}. {step.name}" + (f" ({why})" if why else "")
            lines.append(called + ("" if step.possible else ": NOT POSSIBLE"))
            lines += [f"      {step.comment}", *_changes(step.changes)]
    return lines


def _remedy_lines(run: Run) -> list[str]:
    lines: list[str] = []
    lost = {node.name: node.failure for node in run.nodes.values()}
    for remedy in run.remedies:
        # That a node could not be looked at is said once, and not again of each remedy it did not get.
        if remedy.changes or (remedy.result is not True and remedy.comment != lost.get(remedy.node)):
            word = {None: "PLAN", True: "DONE", False: "FAIL"}[remedy.result]
            lines += [f"{word:<6}{remedy.node}: {remedy.name}: {remedy.comment}", *_changes(remedy.changes)]
    return lines


def proof_lines(run: Run) -> list[str]:
    """What came of each crash proof, what was not as it must be, and which earlier proofs hold no more."""
    lines: list[str] = []
    for proof in run.proofs:
        lines.append(f"{proof.word.value.upper()}: {proof.node}: {proof.reason}")
        lines += [f"      {each.phase:<16} {each.at:7.1f} s" for each in proof.phases]
        lines += [f"      not seen: {what}" for what in proof.unseen]
    outdated: dict[str, list[str]] = {}
    for node in run.nodes.values():
        if node.proof is not None and node.proof.outdated and node.name not in {proof.node for proof in run.proofs}:
            outdated.setdefault(node.proof.outdated, []).append(node.name)
    return lines + [f"NOTE  {fold(names)}: the proof is out of date: {why}" for why, names in outdated.items()]


def crash_progress(config: pytest.Config) -> Callable[[str, str, str, float], None]:
    """Tells how far a crash is: on one line that is written over, or, where no terminal is, on one for each phase."""
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    capture: Any = config.pluginmanager.get_plugin("capturemanager")
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    last = ""

    def told(node: str, phase: str, step: str, seconds: float) -> None:
        nonlocal last
        if reporter is None or (not live and phase == last):
            return
        line = f"{node}: {phase}{f', {step}' if step else ''}, {seconds:.0f} s"
        with capture.global_and_fixture_disabled() if capture is not None else nullcontext():
            if live:
                reporter.rewrite(line[: max(0, shutil.get_terminal_size().columns - 1)], erase=True)
            else:
                reporter.ensure_newline()
                reporter.line(line)
            sys.stdout.flush()
        last = phase

    return told


def _changes(changes: Mapping[str, Mapping[str, str]]) -> list[str]:
    return [f"      {what}: {change['old']} -> {change['new']}" for what, change in changes.items()]


def _count(number: int) -> str:
    return "1 node" if number == 1 else f"{number} nodes"
