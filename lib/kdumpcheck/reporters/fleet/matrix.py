# SPDX-License-Identifier: Apache-2.0
"""Nodes x checks as data for the page's script: equal verdicts stand once, so that 50,000 of them stay small."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.results import NodeLook, Run
from kdumpcheck.results.words import repair_command

#: In this order the script knows them, and a node with more of an earlier one stands above.
OUTCOMES = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.RECOVERED, Outcome.SKIP, Outcome.PASS)
#: Verdicts that say what to do.
_ADVISED = {Outcome.FAIL, Outcome.WARN}
#: Bytes that verdicts may take. A page of 5 MB still opens in a second or two.
BUDGET = 3_500_000
#: How many characters of a text are kept, of green verdicts and of others: the first that fits is taken.
_EXCERPTS = ((500, 500), (120, 500), (0, 500), (0, 300), (0, 100), (0, 30))
#: Where the script puts a node's name; nothing that a shell would have quoted.
_PLACE = "@node@"


def matrix(run: Run) -> str:
    """JSON that may stand in a page as it is: no character in it means anything to HTML."""
    text = ""
    for green, other in _EXCERPTS:
        text = _safe(_data(run, green, other))
        if len(text) <= BUDGET:
            break
    return text


def _safe(data: object) -> str:
    # ensure_ascii, so that U+2028 and half surrogates are escaped, too.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _data(run: Run, green: int, other: int) -> dict[str, Any]:
    columns = {check: place for place, check in enumerate(run.checks)}
    names = dict.fromkeys((*run.nodes, *(result.node for result in run.results)))
    rows: dict[str, list[int]] = {name: [-1] * len(columns) for name in names}
    cells: dict[tuple[object, ...], int] = {}
    advice: dict[tuple[str, str], int] = {}
    counts: dict[str, Counter[Outcome]] = {name: Counter() for name in names}
    for result in run.results:
        if result.check in columns:
            # Nodes with another kdump, and images, are told something else: it belongs to the verdict.
            told = advice.setdefault(_advice(result), len(advice)) if result.outcome in _ADVISED else -1
            cell = (*_cell(result, green if result.outcome is Outcome.PASS else other), told)
            rows[result.node][columns[result.check]] = cells.setdefault(cell, len(cells))
            counts[result.node][result.outcome] += 1
    order = sorted(names, key=lambda name: [-counts[name][outcome] for outcome in OUTCOMES[:3]])
    return {
        "checks": [{"id": each.id, "title": each.title, "source": each.source} for each in run.checks.values()],
        "advice": list(advice),
        "cells": list(cells),
        "nodes": [[name, *_told(run.nodes.get(name)), rows[name]] for name in order],
        "repairs": [
            [remedy.node, remedy.name, remedy.result, remedy.comment, remedy.changes]
            for remedy in run.remedies
            if remedy.changes or remedy.result is not True
        ],
        "cut": (green, other) != _EXCERPTS[0],
    }


def _cell(result: Result, longest: int) -> tuple[object, ...]:
    said = (result.message, result.expected, result.found)
    return OUTCOMES.index(result.outcome), *(_cut(text, longest) for text in said), result.cause


def _advice(result: Result) -> tuple[str, str]:
    """What a person does, and the command of a repair, with a place for the node's name."""
    return result.instruction, repair_command(_PLACE, result.offered) if result.offered else ""


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…" if longest else "…"


def _told(node: NodeLook | None) -> list[str]:
    """Role, origin, time, why it could not be judged, implementation, and the last proof by a crash."""
    if node is None:
        return [""] * 6
    proof = node.proof
    known = f"{proof.line}{f' (out of date: {proof.outdated})' if proof.outdated else ''}" if proof else ""
    return [node.role or "", node.origin, node.taken, node.failure or "", node.provider or "", known]
