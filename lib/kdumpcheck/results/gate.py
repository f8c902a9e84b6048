# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck gate`: pass or not, but for what was already so and what is waived."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from kdumpcheck.checks import Outcome
from kdumpcheck.nodes import InventoryError
from kdumpcheck.nodes.nodeset import expand
from kdumpcheck.results.command import judged, told, troubles
from kdumpcheck.results.compare import Change, Difference, compare
from kdumpcheck.results.read import ResultsError
from kdumpcheck.results.run import Run
from kdumpcheck.results.waivers import Waiver, covering, idle, read_waivers

_USAGE_ERROR = 4


@dataclass(slots=True)
class Judgement:
    """The findings of a run by what a gate does about them: each as one line; `failing` and `troubles` close it."""

    failing: list[str] = field(default_factory=list)
    already_so: list[str] = field(default_factory=list)
    waived: dict[Waiver, list[str]] = field(default_factory=dict)
    mild: list[str] = field(default_factory=list)
    expired: list[Waiver] = field(default_factory=list)
    unused: list[Waiver] = field(default_factory=list)
    unknown: list[Waiver] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether the gate does not let the run pass."""
        return bool(self.failing or self.expired or self.troubles)

    def lines(self) -> Iterator[str]:
        """All of it as a person reads it, what closes the gate first."""
        yield from (f"FAIL     {line}" for line in self.failing)
        yield from (f"TROUBLE  {line}" for line in self.troubles)
        for waiver in self.expired:
            ended = f"the waiver of {waiver.check} ended {waiver.expires} ({waiver.owner})"
            yield f"EXPIRED  {waiver.place}: {ended}: renew or drop it"
        yield from (f"WARN     {line}" for line in self.mild)
        yield from (f"SAME     {line}" for line in self.already_so)
        for waiver, lines in self.waived.items():
            yield from (f"WAIVED   {line} (until {waiver.expires}, {waiver.owner}: {waiver.reason})" for line in lines)
        for waiver in self.unused:
            yield f"UNUSED   {waiver.place}: nothing needs the waiver of {waiver.check} ({waiver.owner}): drop it"
        for waiver in self.unknown:
            yield f"UNUSED   {waiver.place}: this run has no check {waiver.check} ({waiver.owner}): is it written so?"
        waived = sum(map(len, self.waived.values()))
        word = "closed" if self.closed else "open"
        yield f"GATE     {word}: {len(self.failing)} failing, {len(self.already_so)} already so, {waived} waived"


@dataclass(frozen=True, slots=True)
class Allowances:
    """An earlier run, or none, and waivers. They change an exit code alone, never a verdict on a node."""

    baseline: Run | None
    waivers: tuple[Waiver, ...]

    @classmethod
    def read(cls, baseline: Path | None, waivers: Path | None) -> Self:
        """Read what is given of both. Raises `ResultsError` for the first and `InventoryError` for the second."""
        earlier = judged(baseline) if baseline is not None else None
        return cls(earlier, tuple(read_waivers(waivers)) if waivers is not None else ())

    def judge(self, run: Run, today: date, *, strict_warnings: bool) -> Judgement:
        """What a gate does about a run."""
        found = Judgement(troubles=list(troubles(run)))
        for each in compare([self.baseline or Run(run.started, "", ""), run]):
            if each.now is not None and each.now.bad:
                _sort(found, each, self.waivers, today, strict_warnings=strict_warnings)
        found.expired = [waiver for waiver in self.waivers if waiver.expired(today)]
        for waiver in idle(self.waivers, found.waived):
            if not waiver.expired(today):
                (found.unused if waiver.check in run.checks else found.unknown).append(waiver)
        return found


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `gate` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "gate",
        help="let a run pass, but for what is new and not waived",
        description="Judge a run for a pipeline. What an earlier run (--baseline) says already, and what a file of "
        "waivers names, does not fail it; a waiver whose day is over does. The exit code is 0 when it may pass, 1 when "
        "not, 4 for files that cannot be used.",
    )
    parser.add_argument("results", type=Path, metavar="RUN", help="a results.json, or the directory it is in")
    parser.add_argument("--baseline", type=Path, metavar="RUN", help="an earlier run: what was already so may pass")
    parser.add_argument("--waivers", type=Path, metavar="FILE", help="YAML: check, nodes, reason, owner, expires")
    parser.add_argument("--strict-warnings", action="store_true", help="a warning fails, too")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck gate ...` was asked; the exit status."""
    try:
        allowances = Allowances.read(arguments.baseline, arguments.waivers)
        now = judged(arguments.results)
    except (ResultsError, InventoryError) as error:
        print(f"kdumpcheck gate: {error}", file=sys.stderr)
        return _USAGE_ERROR
    found = allowances.judge(now, datetime.now(UTC).date(), strict_warnings=arguments.strict_warnings)
    print("\n".join(found.lines()))
    return int(found.closed)


def _sort(found: Judgement, each: Difference, waivers: Sequence[Waiver], today: date, *, strict_warnings: bool) -> None:
    """Put one difference where it belongs, node by node for the waivers' sake."""
    kept: list[str] = []
    by_waiver: dict[Waiver, list[str]] = {}
    for node in expand(each.nodes):
        waiver = covering(waivers, node, each.check, today)
        by_waiver.setdefault(waiver, []).append(node) if waiver is not None else kept.append(node)
    for waiver, nodes in by_waiver.items():
        found.waived.setdefault(waiver, []).append(told(each, nodes))
    if not kept:
        return
    if each.fails(strict_warnings=strict_warnings):
        found.failing.append(told(each, kept))
    elif each.now is not None and each.now.outcome is Outcome.WARN and each.change is not Change.SAME:
        found.mild.append(told(each, kept))
    else:
        found.already_so.append(told(each, kept))
