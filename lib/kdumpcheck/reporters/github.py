# SPDX-License-Identifier: Apache-2.0
"""`github.txt`: annotations for GitHub Actions, a workflow command a finding; printed where $GITHUB_ACTIONS is set.

Source: docs.github.com, Workflow commands for GitHub Actions; its toolkit's escapes.
"""

from __future__ import annotations

from kdumpcheck.checks import Outcome
from kdumpcheck.checks.judge import one_line
from kdumpcheck.reporters.folding import Finding, findings
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run


def render(run: Run, gate: Gate) -> str:
    """A command a finding; equal findings of many nodes are one."""
    return "".join(_command(finding, gate) for finding in findings(run))


def _command(finding: Finding, gate: Gate) -> str:
    mild = finding.outcome is Outcome.WARN and not gate.strict_warnings
    word = "could not look: " if finding.outcome is Outcome.ERROR else ""
    do = f"; do: {finding.do}" if finding.do else ""
    title = _property(one_line(f"{finding.nodes}: {finding.title}"))
    message = _data(one_line(f"{word}{finding.text}{do}", 4000))
    return f"::{'warning' if mild else 'error'} title={title}::{message}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


REPORTER = Reporter("github", "github.txt", "annotations of GitHub Actions", render)
