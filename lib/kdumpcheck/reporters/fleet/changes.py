# SPDX-License-Identifier: Apache-2.0
"""What changed since the run before: what is new is read first, and what is gone is told."""

from __future__ import annotations

from html import escape
from pathlib import Path

from kdumpcheck.reporters.fleet.todo import WORDS
from kdumpcheck.results import Run
from kdumpcheck.results.compare import Change, Difference, compare
from kdumpcheck.results.read import ResultsError, read_findings

#: Changes that a person can take in.
MOST = 50
_TITLES = {
    Change.NEW: "New",
    Change.WORSE: "Worse",
    Change.FLAPPING: "There and back",
    Change.CHANGED: "Otherwise",
    Change.UNSEEN: "Not judged now",
    Change.GONE: "Gone",
}


def earlier_run(path: Path) -> Run | None:
    """The findings of an earlier run's results.json; None where there is none that can be used."""
    try:
        return read_findings(path)
    except ResultsError:
        return None


def changes(run: Run, earlier: Run | None) -> str:
    """The changes as a list; "" where there is nothing to compare with, or no node of it was in this run."""
    if earlier is None or not run.nodes.keys() & earlier.nodes.keys():
        return ""
    # A node that only one of the two runs looked at has not changed.
    both = run.nodes.keys() & earlier.nodes.keys()
    found = [each for each in compare([_only(earlier, both), _only(run, both)]) if each.change is not Change.SAME]
    since = f"{earlier.started:%Y-%m-%d %H:%M:%S} UTC"
    title = f"<h2>What changed since {escape(since)}</h2>"
    if not found:
        return f'<section id="changes">{title}<p>Nothing: all that is wrong was already so.</p></section>'
    rows = "".join(map(_item, found[:MOST]))
    rest = f"<p>{len(found) - MOST} more: kdumpcheck diff tells all.</p>" if len(found) > MOST else ""
    return f'<section id="changes">{title}<ol class="todo">{rows}</ol>{rest}</section>'


def _only(run: Run, names: set[str]) -> Run:
    part = Run(run.started, run.version, run.mode)
    part.nodes = {name: node for name, node in run.nodes.items() if name in names}
    part.results = [result for result in run.results if result.node in names]
    return part


def _item(each: Difference) -> str:
    state = each.now or each.before
    kind = "pass" if each.change is Change.GONE else state.outcome.value if state is not None else "skip"
    sign = WORDS[state.outcome][0] if state is not None and each.change is not Change.GONE else "✓"
    was = f" (was: {each.before.text})" if each.change is Change.CHANGED and each.before is not None else ""
    nodes = "1 node" if each.count == 1 else f"{each.count} nodes"
    title, text = (state.title, state.text) if state is not None else ("", "")
    return (
        f'<li class="{kind}"><p class="what"><b class="word"><span aria-hidden="true">{sign}</span> '
        f'{_TITLES[each.change]}</b> <b class="nodes">{escape(each.nodes)}</b> <span class="count">{nodes}</span></p>'
        f'<p class="title">{escape(title)} <small>{escape(each.check)}</small></p>'
        f'<p class="found"><bdi>{escape(text + was)}</bdi></p></li>'
    )
