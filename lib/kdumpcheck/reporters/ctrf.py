# SPDX-License-Identifier: Apache-2.0
"""`ctrf.json`: the Common Test Report Format, for the dashboards that read it. Source: ctrf.io, schema 0.0.0.

CTRF has no word for "could not look": it is `other`, or failed for a gate that wants it so.
"""

from __future__ import annotations

import json
from typing import Any

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters.reporter import Gate, Reporter, failed, told
from kdumpcheck.results import OtherTest, Run

_TESTS = {"": "passed", "failure": "failed", "error": "failed", "skipped": "skipped"}


def render(run: Run, gate: Gate) -> str:
    """The run in CTRF."""
    tests = [_result(result, gate) for result in run.results] + [_other(test) for test in run.tests]
    words = ("passed", "failed", "skipped", "pending", "other")
    start = round(run.started.timestamp() * 1000)
    stop = round((run.finished or run.started).timestamp() * 1000)
    summary = {"tests": len(tests), **{word: sum(test["status"] == word for test in tests) for word in words}}
    results = {
        "tool": {"name": "kdumpcheck", "version": run.version},
        "summary": summary | {"start": start, "stop": stop},
        "tests": tests,
    }
    return json.dumps({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": results}, indent=1) + "\n"


def _result(result: Result, gate: Gate) -> dict[str, Any]:
    return {
        "name": f"{result.check} [{result.node}]",
        "status": _status(result, gate),
        "duration": round(result.seconds * 1000),
        "suite": [result.node],
        "message": f"{result.title}: {told(result)}",
        "rawStatus": result.outcome.value,
    }


def _status(result: Result, gate: Gate) -> str:
    if result.outcome is Outcome.ERROR and not gate.blind_fails:
        return "other"
    if result.outcome is Outcome.SKIP:
        return "skipped"
    return "failed" if failed(result, gate) else "passed"


def _other(test: OtherTest) -> dict[str, Any]:
    name = f"{test.classname}.{test.name}"
    return {"name": name, "status": _TESTS.get(test.problem, "other"), "duration": round(test.seconds * 1000)}


REPORTER = Reporter("ctrf", "ctrf.json", "the Common Test Report Format", render)
