# SPDX-License-Identifier: Apache-2.0
"""`grok.log`: a JSON line a result, as CSM's grok-exporter scrapes them for its Grafana board.

The first four fields have their order, the others that of their names. Seconds are never in scientific notation, which
the exporter cannot read. Source: csm-testing, grok_exporter_logger.py and print_goss_json_results.
"""

from __future__ import annotations

import json
from datetime import UTC

from kdumpcheck.checks import Result
from kdumpcheck.reporters import goss
from kdumpcheck.reporters.reporter import Gate, Reporter, told
from kdumpcheck.results import Run


def render(run: Run, gate: Gate) -> str:
    """A line a result."""
    moment = (run.finished or run.started).astimezone(UTC).isoformat(timespec="seconds")
    return "".join(_line(result, gate, moment) for result in run.results)


def _line(result: Result, gate: Gate, moment: str) -> str:
    code = goss.number_of(result, gate)
    fields = {
        "log_timestamp": json.dumps(moment),
        "Product": json.dumps("CSM"),
        "log_script": json.dumps("kdumpcheck"),
        "log_message": json.dumps("Test result"),
        "Description": json.dumps(goss.description(result)),
        "Execution Time (nanoseconds)": str(goss.nanoseconds(result.seconds)),
        "Execution Time (seconds)": f"{result.seconds:.9f}",
        "Node": json.dumps(result.node),
        "Result Code": str(code),
        "Result String": json.dumps(goss.WORDS[code]),
        "Source": json.dumps("kdumpcheck"),
        "Test Name": json.dumps(result.title),
        "Test Summary": json.dumps(told(result)),
    }
    return "{" + ", ".join(f"{json.dumps(key)}: {value}" for key, value in fields.items()) + "}\n"


REPORTER = Reporter("grok", "grok.log", "JSON lines, for CSM's grok-exporter and its board", render)
