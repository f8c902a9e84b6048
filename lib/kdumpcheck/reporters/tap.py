# SPDX-License-Identifier: Apache-2.0
"""`results.tap`: the Test Anything Protocol, version 14, for prove and other harnesses.

TAP has no word for "could not look": it is `not ok`. Source: testanything.org, TAP 14 specification.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.checks.judge import one_line
from kdumpcheck.reporters.reporter import Gate, Reporter, failed, told, what_to_do
from kdumpcheck.results import OtherTest, Run


def render(run: Run, gate: Gate) -> str:
    """One test point a result, with YAML beside what is not well."""
    lines = ["TAP version 14", f"1..{len(run.results) + len(run.tests)}"]
    for number, result in enumerate(run.results, 1):
        lines += _point(number, result, gate)
    for number, test in enumerate(run.tests, len(run.results) + 1):
        lines += _test(number, test)
    if run.interrupted:
        lines.append("Bail out! the run was interrupted")
    return "\n".join(lines) + "\n"


def _point(number: int, result: Result, gate: Gate) -> Iterator[str]:
    name = _escaped(f"{result.node}: {result.title} ({result.check})")
    if result.outcome is Outcome.SKIP:
        yield f"ok {number} - {name} # SKIP {_escaped(result.message)}"
        return
    yield f"{'not ok' if failed(result, gate) else 'ok'} {number} - {name}"
    if result.outcome is not Outcome.PASS:
        yield from _yaml(message=told(result), severity=result.outcome.value, do=what_to_do(result))


def _test(number: int, test: OtherTest) -> Iterator[str]:
    name = _escaped(f"{test.classname}.{test.name}")
    yield f"{'not ok' if test.problem in {'failure', 'error'} else 'ok'} {number} - {name}" + (
        " # SKIP" if test.problem == "skipped" else ""
    )


def _yaml(**values: str) -> Iterator[str]:
    # A JSON text in quotes is a YAML one, and stays on its line; Perl's reader of YAML knows no \u in it.
    yield "  ---"
    for key, value in values.items():
        if value:
            yield f"  {key}: {json.dumps(one_line(value, 4000), ensure_ascii=False)}"
    yield "  ..."


def _escaped(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace("#", "\\#")


REPORTER = Reporter("tap", "results.tap", "TAP 14, for prove and other harnesses", render)
