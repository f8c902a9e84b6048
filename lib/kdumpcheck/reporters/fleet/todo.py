# SPDX-License-Identifier: Apache-2.0
"""What to do now: equal findings of many nodes as one, the most urgent first."""

from __future__ import annotations

from html import escape

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters.folding import Finding, findings
from kdumpcheck.results import Run

#: Findings that a person can take in; the rest is in the table of nodes.
MOST = 150
#: A word and a sign for each outcome, so that none needs its colour.
WORDS = {
    Outcome.FAIL: ("✗", "Failed"),
    Outcome.ERROR: ("?", "Could not look"),
    Outcome.WARN: ("!", "Warning"),
    Outcome.RECOVERED: ("↻", "Recovered"),
    Outcome.SKIP: ("-", "Skipped"),
    Outcome.PASS: ("✓", "Passed"),
}


def todo(run: Run) -> str:
    """The findings as a list; "" where all is well."""
    found = findings(run)
    if not found:
        return ""
    more = len(found) - MOST
    rest = f"<p>{more} more findings are in the table of nodes below and in results.json.</p>" if more > 0 else ""
    items = "".join(map(_item, found[:MOST]))
    return f'<section id="todo"><h2>What to do now</h2><ol class="todo">{items}</ol>{rest}</section>'


def _item(finding: Finding) -> str:
    sign, word = WORDS[finding.outcome]
    nodes = "1 node" if finding.count == 1 else f"{finding.count} nodes"
    return (
        f'<li class="{finding.outcome.value}">'
        f'<p class="what"><b class="word"><span aria-hidden="true">{sign}</span> {word}</b> '
        f'<b class="nodes">{escape(finding.nodes)}</b> <span class="count">{nodes}</span></p>'
        f'<p class="title">{escape(finding.title)} <small>{escape(finding.check)}</small></p>'
        f'<p class="found"><bdi>{escape(finding.text)}</bdi></p>{_do(finding)}</li>'
    )


def _do(finding: Finding) -> str:
    if finding.do.startswith("pytest "):
        return f'<p class="do"><code class="command">{escape(finding.do)}</code></p>'
    if finding.do:
        return f'<p class="do">{escape(finding.do)}</p>'
    return '<p class="do">Mend what stands above, then run again: nothing is known of it.</p>'
