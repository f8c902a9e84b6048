# SPDX-License-Identifier: Apache-2.0
"""What this site's ticket system takes: one line for each node that would not dump."""

from __future__ import annotations

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run


def render(run: Run, _gate: Gate) -> str:
    """One line a node, with the ids of what failed."""
    failed: dict[str, list[str]] = {}
    for result in run.results:
        if result.outcome is Outcome.FAIL:
            failed.setdefault(result.node, []).append(result.check)
    return "".join(f"KDUMP {node}: {', '.join(sorted(checks))}\n" for node, checks in sorted(failed.items()))


REPORTER = Reporter("ticket", "tickets.txt", "lines for the ticket system", render)
