# SPDX-License-Identifier: Apache-2.0
"""Before and after: what remedies did, or would do, equal ones of many nodes as one."""

from __future__ import annotations

from html import escape

from kdumpcheck.nodes import fold
from kdumpcheck.results import RemedyResult, Run

#: Repairs that are shown in full; each node has its own in its section.
MOST = 150
_WORDS = {None: ("…", "Planned", "plan"), True: ("✓", "Done", "pass"), False: ("✗", "Failed", "fail")}


def repairs(run: Run) -> str:
    """The repairs that changed something, would, or failed; "" where there are none."""
    groups: dict[tuple[object, ...], list[RemedyResult]] = {}
    for remedy in run.remedies:
        if remedy.changes or remedy.result is not True:
            groups.setdefault(_sort(remedy), []).append(remedy)
    if not groups:
        return ""
    # What failed is read first, then what was done, then what only would be.
    order = sorted(groups.values(), key=lambda group: [False, True, None].index(group[0].result))
    more = len(order) - MOST
    rest = f"<p>{more} more are in the sections of their nodes and in results.json.</p>" if more > 0 else ""
    rows = "".join(map(_group, order[:MOST]))
    return f'<section id="repairs"><h2>Repairs: before and after</h2><ol class="todo">{rows}</ol>{rest}</section>'


def _sort(remedy: RemedyResult) -> tuple[object, ...]:
    changes = tuple((what, change["old"], change["new"]) for what, change in remedy.changes.items())
    return remedy.name, remedy.result, remedy.comment, changes


def _group(group: list[RemedyResult]) -> str:
    first = group[0]
    sign, word, kind = _WORDS[first.result]
    rows = "".join(
        f"<tr><th>{escape(what)}</th><td><bdi>{escape(change['old'])}</bdi></td>"
        f"<td><bdi>{escape(change['new'])}</bdi></td></tr>"
        for what, change in first.changes.items()
    )
    head = "<thead><tr><th>What</th><th>Before</th><th>After</th></tr></thead>"
    table = f'<div class="wide"><table class="changes">{head}<tbody>{rows}</tbody></table></div>' if rows else ""
    return (
        f'<li class="{kind}"><p class="what"><b class="word"><span aria-hidden="true">{sign}</span> {word}</b> '
        f'<b class="nodes">{escape(fold(each.node for each in group))}</b> <small>{escape(first.name)}</small></p>'
        f'<p class="found"><bdi>{escape(first.comment)}</bdi></p>{table}</li>'
    )
