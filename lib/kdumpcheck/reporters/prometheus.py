# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck.prom`: a few numbers for node_exporter's textfile collector.

A series a node, not one a check: what is wrong is told by the other reports, and no text of a node becomes a label.
Source: prometheus.io, exposition formats.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters.reporter import Gate, Reporter, failed
from kdumpcheck.results import Run


def render(run: Run, gate: Gate) -> str:
    """The run in numbers."""
    return "\n".join(_lines(run, gate)) + "\n"


def _lines(run: Run, gate: Gate) -> Iterator[str]:
    yield from _head("kdumpcheck_results", "Results of checks, by outcome.")
    yield from (f'kdumpcheck_results{{outcome="{word}"}} {count}' for word, count in run.counts().items())
    bad = Counter(result.node for result in run.results if failed(result, gate))
    judged = {result.node for result in run.results if result.outcome is not Outcome.SKIP}
    yield from _head("kdumpcheck_node_ready", "1 where all that was judged says that the node will dump, else 0.")
    yield from (f'kdumpcheck_node_ready{{node="{_label(name)}"}} {int(not bad[name])}' for name in sorted(judged))
    yield from _head("kdumpcheck_nodes", "Nodes that were judged.")
    yield f"kdumpcheck_nodes {len(judged)}"
    yield from _head("kdumpcheck_run_complete", "1 when the run came to its end.")
    yield f"kdumpcheck_run_complete {int(not run.interrupted)}"
    yield from _head("kdumpcheck_run_timestamp_seconds", "When the run ended, as a Unix time.")
    yield f"kdumpcheck_run_timestamp_seconds {(run.finished or run.started).timestamp():.0f}"


def _head(name: str, words: str) -> tuple[str, str]:
    return f"# HELP {name} {words}", f"# TYPE {name} gauge"


def _label(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


REPORTER = Reporter("prometheus", "kdumpcheck.prom", "numbers for node_exporter's textfile collector", render)
