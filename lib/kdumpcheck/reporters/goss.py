# SPDX-License-Identifier: Apache-2.0
"""`goss.json`: what `goss validate -f json` prints, as CSM's print_goss_json_results.py reads it.

It asks each result for result (0 passed, 1 failed, 2 skipped), title, summary-line, duration (nanoseconds), resource-id
and meta.desc, and the summary for failed-count and total-duration; it takes the node from where it runs, so that ours
stands in the title. goss has no word for "could not look": it is failed, as nothing else would be seen.
Source: csm-testing, print_goss_json_results; goss, outputs/json.go.
"""

from __future__ import annotations

import json
from typing import Any

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters.reporter import Gate, Reporter, failed, told
from kdumpcheck.results import Run

PASSED, FAILED, SKIPPED = 0, 1, 2
WORDS = {PASSED: "PASS", FAILED: "FAIL", SKIPPED: "SKIPPED"}


def render(run: Run, gate: Gate) -> str:
    """The run as goss says it."""
    entries = [entry(result, gate) for result in run.results]
    bad = sum(each["result"] == FAILED for each in entries)
    total = sum(each["duration"] for each in entries)
    line = f"Count: {len(entries)}, Failed: {bad}, Duration: {total / 1e9:.3f}s"
    summary = {"test-count": len(entries), "failed-count": bad, "total-duration": total, "summary-line": line}
    return json.dumps({"results": entries, "summary": summary}, indent=1) + "\n"


def entry(result: Result, gate: Gate) -> dict[str, Any]:
    """One result as goss says it."""
    code = number_of(result, gate)
    return {
        "result": code,
        "successful": code != FAILED,
        "skipped": code == SKIPPED,
        "title": f"{result.node}: {result.title}",
        "summary-line": f"Kdump: {result.check}: {told(result)}",
        "duration": nanoseconds(result.seconds),
        "resource-id": result.check,
        "resource-type": "Kdump",
        "property": "dumps",
        "test-type": 0,
        "err": result.message if result.outcome is Outcome.ERROR else None,
        "expected": [result.expected] if result.expected else [],
        "found": [result.found] if result.found else [],
        "human": "",
        "meta": {"desc": description(result), "node": result.node, "outcome": result.outcome.value},
    }


def number_of(result: Result, gate: Gate) -> int:
    """What goss calls this result."""
    if result.outcome is Outcome.SKIP:
        return SKIPPED
    return FAILED if failed(result, gate) else PASSED


def description(result: Result) -> str:
    """The title, and what to do when it fails, as CSM's own tests have it."""
    do = " or: ".join(each for each in (result.offered or "", result.instruction) if each)
    return f"{result.title}. If this test fails, {do}" if do else f"{result.title}."


def nanoseconds(seconds: float) -> int:
    """A duration as goss counts it."""
    return round(seconds * 1e9)


REPORTER = Reporter("goss", "goss.json", "goss JSON, for CSM's print_goss_json_results.py", render)
