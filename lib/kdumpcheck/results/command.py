# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck diff`: what is new since an earlier run, and a gate that fails on that alone."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kdumpcheck.checks import Outcome
from kdumpcheck.nodes import fold
from kdumpcheck.results.compare import Change, Difference, compare
from kdumpcheck.results.read import ResultsError, read_results, shown
from kdumpcheck.results.run import Run
from kdumpcheck.results.words import nothing_judged

VERSION = 1
_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `diff` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "diff",
        help="what is new, worse or gone since an earlier run",
        description="Compare runs, oldest first, by node and check; runs between the first and the last tell what "
        "flaps. The exit code is 0 when nothing that fails is new or worse, else 1 (also when the last run did not "
        "come to its end, or a repair, a crash proof or another test failed in it), 4 for results that cannot be used.",
    )
    parser.add_argument("first", type=Path, metavar="RUN_A", help="a results.json, or the directory it is in")
    parser.add_argument(
        "later", type=Path, nargs="+", metavar="RUN_B", help="a later one; the last is held to the first"
    )
    parser.add_argument("--strict-warnings", action="store_true", help="a new warning fails, too")
    parser.add_argument("--json", action="store_true", help="print a document for a program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck diff ...` was asked; the exit status."""
    paths: list[Path] = [arguments.first, *arguments.later]
    try:
        runs = [judged(path) for path in paths]
    except ResultsError as error:
        print(f"kdumpcheck diff: {error}", file=sys.stderr)
        return _USAGE_ERROR
    differences = compare(runs)
    found = list(troubles(runs[-1]))
    failing = [each for each in differences if each.fails(strict_warnings=arguments.strict_warnings)]
    if arguments.json:
        print(json.dumps(_document(runs, differences, found, failed=bool(failing or found)), indent=1))
    else:
        print("\n".join([*_lines(differences, failing, found), *_left_out(runs)]))
    return int(bool(failing or found))


def judged(path: Path) -> Run:
    """A run that something can be held to. Raises `ResultsError`."""
    run = read_results(path)
    if not run.results or nothing_judged(run.results):
        raise ResultsError(f"{shown(path)}: nothing was judged in this run, so nothing can be held to it")
    return run


def troubles(run: Run) -> Iterator[str]:
    """What fails the last run whatever was before."""
    if run.interrupted:
        yield "the last run was interrupted: what it did not judge is not known"
    if run.others_failed:
        yield f"{run.others_failed} tests failed in it that are no checks"
    if any(remedy.result is False for remedy in run.remedies):
        yield "a repair failed in it"
    if any(proof.bad for proof in run.proofs):
        yield "a crash proof failed in it"


def _lines(differences: Sequence[Difference], failing: Sequence[Difference], found: Sequence[str]) -> Iterator[str]:
    for each in differences:
        yield f"{each.change.upper():<8}  {told(each)}"
    for trouble in found:
        yield f"{'TROUBLE':<8}  {trouble}"
    same = sum(each.count for each in differences if each.change is Change.SAME)
    new = sum(each.count for each in failing)
    yield f"VERDICT: {new} new or worse, {same} already so, {len(found)} troubles of the run itself"


def _left_out(runs: Sequence[Run]) -> Iterator[str]:
    """What nobody may take for good: a node that the last run did not name."""
    first, last = ({result.node for result in run.results} for run in (runs[0], runs[-1]))
    if first - last:
        yield f"not judged any more: {fold(first - last)}"


def told(each: Difference, nodes: Collection[str] = ()) -> str:
    """A difference in one line; for some of its `nodes` alone where they are given."""
    names = fold(nodes) if nodes else each.nodes
    state = each.now if each.now is not None and each.now.bad else each.before
    if state is None or not state.bad:
        return f"{names}: {each.check}: well now and before, and not between"
    word = "could not look" if state.outcome is Outcome.ERROR else state.outcome.value
    was = ""
    if each.change in {Change.WORSE, Change.CHANGED} and each.before is not None:
        was = f" (was {each.before.outcome.value}: {each.before.text})"
    return f"{names}: {state.title} ({each.check}): {word}: {state.text}{was}"


def _document(
    runs: Sequence[Run], differences: Sequence[Difference], found: Sequence[str], *, failed: bool
) -> dict[str, Any]:
    return {
        "kdumpcheck-diff": VERSION,
        "runs": [each.started.isoformat(timespec="seconds") for each in runs],
        "failed": failed,
        "differences": [asdict(each) for each in differences],
        "troubles": list(found),
    }
