# SPDX-License-Identifier: Apache-2.0
"""`results.sarif`: SARIF 2.1.0, for viewers and dashboards of static analysis. A check is a rule, a node a place.

Could-not-look is the kind `open`: the rule was asked, and there was too little to decide. A gate that looks at levels
alone does not see it, for SARIF allows no level beside that kind. Source: OASIS, SARIF Version 2.1.0.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters.reporter import Gate, Reporter, told
from kdumpcheck.results import Run
from kdumpcheck.results.run import CheckNote

_FINDINGS = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN)
_LEVELS = {"fail": "error", "warn": "warning"}


def render(run: Run, gate: Gate) -> str:
    """The run in SARIF: all checks as rules, and what is not well as results."""
    places = {check: place for place, check in enumerate(run.checks)}
    invocation: dict[str, Any] = {"executionSuccessful": not run.interrupted, "startTimeUtc": _stamp(run.started)}
    if run.finished is not None:
        invocation["endTimeUtc"] = _stamp(run.finished)
    rules = [_rule(check) for check in run.checks.values()]
    results = [_result(result, places, gate) for result in run.results if result.outcome in _FINDINGS]
    whole = {
        "tool": {"driver": {"name": "kdumpcheck", "version": run.version, "rules": rules}},
        "invocations": [invocation],
        "results": results,
    }
    document = {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [whole]}
    return json.dumps(document, indent=1) + "\n"


def _rule(check: CheckNote) -> dict[str, Any]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "help": {"text": check.instruction or check.remedy or check.title},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {"source": check.source, "remedy": check.remedy or ""},
    }


def _result(result: Result, places: dict[str, int], gate: Gate) -> dict[str, Any]:
    undecided = result.outcome is Outcome.ERROR and not gate.blind_fails
    mild = result.outcome is Outcome.WARN and not gate.strict_warnings
    where = {"name": result.node, "fullyQualifiedName": result.node, "kind": "resource"}
    # What a finding is, and not what was found, so that a dashboard knows it again in the next run.
    same = hashlib.sha256(f"{result.node}\x00{result.check}".encode("utf-8", "backslashreplace")).hexdigest()
    return {
        "ruleId": result.check,
        "ruleIndex": places.get(result.check, -1),
        "kind": "open" if undecided else "fail",
        "level": "none" if undecided else "warning" if mild else "error",
        "message": {"text": f"{result.node}: {result.title}: {told(result)}"},
        "locations": [{"logicalLocations": [where]}],
        "partialFingerprints": {"kdumpcheck/v1": same},
    }


def _stamp(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


REPORTER = Reporter("sarif", "results.sarif", "SARIF 2.1.0, for dashboards of static analysis", render)
