# SPDX-License-Identifier: Apache-2.0
"""`nagios.txt`: the one line of a Nagios plugin, with its performance data; `kdumpcheck report` exits as one does.

Source: monitoring-plugins.org, Development Guidelines.
"""

from __future__ import annotations

from kdumpcheck.checks import Outcome
from kdumpcheck.checks.judge import one_line
from kdumpcheck.reporters.folding import findings, verdict
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
WORDS = {OK: "OK", WARNING: "WARNING", CRITICAL: "CRITICAL", UNKNOWN: "UNKNOWN"}
#: Findings in the long output; a pager shows no more.
_MOST = 10


def status(run: Run, gate: Gate) -> int:
    """Nagios' exit status: what loses a dump comes before what could not be told, and that before a warning."""
    counts = run.counts()
    repairs = any(remedy.result is False for remedy in run.remedies) or any(proof.bad for proof in run.proofs)
    if counts["fail"] or run.others_failed or repairs or (counts["warn"] and gate.strict_warnings):
        return CRITICAL
    if counts["error"]:
        return CRITICAL if gate.blind_fails else UNKNOWN
    if run.interrupted or not verdict(run)[1]:
        return UNKNOWN
    return WARNING if counts["warn"] else OK


def render(run: Run, gate: Gate) -> str:
    """The line, and below it what is wrong."""
    numbers = " ".join(f"{word}={count};;;0" for word, count in run.counts().items())
    lines = [f"KDUMP {WORDS[status(run, gate)]}: {_safe(verdict(run)[0])} | {numbers}"]
    for finding in findings(run)[:_MOST]:
        word = "could not look" if finding.outcome is Outcome.ERROR else finding.outcome.value
        lines.append(_safe(f"{finding.nodes}: {finding.title} ({word}): {finding.text}"))
    return "\n".join(lines) + "\n"


def _safe(text: str) -> str:
    # A bar begins performance data, wherever it stands.
    return one_line(text, 1000).replace("|", "/")


REPORTER = Reporter("nagios", "nagios.txt", "one line with performance data; the exit status is Nagios'", render)
