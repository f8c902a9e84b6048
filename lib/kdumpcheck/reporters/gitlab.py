# SPDX-License-Identifier: Apache-2.0
"""`gl-code-quality-report.json`: annotations for a GitLab merge request, written where $GITLAB_CI is set.

Source: docs.gitlab.com, Code Quality, "Code Quality report format".
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters.folding import Finding, findings
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run

_SEVERITY = {Outcome.FAIL: "blocker", Outcome.ERROR: "critical", Outcome.WARN: "minor"}


def render(run: Run, gate: Gate) -> str:
    """A list of findings; equal findings of many nodes are one."""
    return json.dumps([_entry(finding, gate) for finding in findings(run)], indent=1) + "\n"


def _entry(finding: Finding, gate: Gate) -> dict[str, Any]:
    strict = finding.outcome is Outcome.WARN and gate.strict_warnings
    word = "could not look: " if finding.outcome is Outcome.ERROR else ""
    # What tells a finding from another one, and is the same in the next run.
    same = f"{finding.check}\x00{finding.nodes}\x00{finding.text}"
    return {
        "description": f"{finding.nodes}: {finding.title}: {word}{finding.text}",
        "check_name": finding.check,
        "fingerprint": hashlib.sha256(same.encode("utf-8", "backslashreplace")).hexdigest(),
        "severity": "blocker" if strict else _SEVERITY[finding.outcome],
        # A finding is of a node and not of a file, but GitLab takes none without a place.
        "location": {"path": finding.nodes, "lines": {"begin": 1}},
    }


REPORTER = Reporter("gitlab", "gl-code-quality-report.json", "findings for a GitLab merge request", render)
