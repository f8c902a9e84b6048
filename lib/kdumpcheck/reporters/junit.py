# SPDX-License-Identifier: Apache-2.0
"""`junit.xml`: one suite a node, for CI gates. Could-not-look is `<error>`, a wrong node `<failure>`.

The layout is that of the XSD that Jenkins' xUnit plugin publishes; attributes and order follow it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from xml.sax.saxutils import escape, quoteattr

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import NodeLook, Run

# What XML 1.0 cannot hold at all, however it is escaped; and what would turn a line around for its reader.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\u007e\u00a0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAGS = {Outcome.FAIL: "failure", Outcome.ERROR: "error", Outcome.SKIP: "skipped"}


def render(run: Run, gate: Gate) -> str:
    """The run as JUnit XML: a suite a node, then one of all tests that are no checks."""
    by_node: dict[str, list[Result]] = {name: [] for name in run.nodes}
    for result in run.results:
        by_node.setdefault(result.node, []).append(result)
    suites = [_node(run, name, results, gate) for name, results in by_node.items() if results]
    if run.tests:
        cases = [_case(test.classname, test.name, test.seconds, test.problem, test.text) for test in run.tests]
        problems = [test.problem for test in run.tests]
        suites.append(_suite("tests", run.started, problems, sum(test.seconds for test in run.tests), "", cases))
    return '<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n' + "".join(suites) + "</testsuites>\n"


def _node(run: Run, name: str, results: list[Result], gate: Gate) -> str:
    look = run.nodes.get(name)
    properties = "".join(_property(*pair) for pair in _properties(look)) if look is not None else ""
    problems = [_problem(result, gate) for result in results]
    cases = [
        _case(_classname(result.check), result.check, result.seconds, problem, _text(result))
        for result, problem in zip(results, problems, strict=True)
    ]
    return _suite(name, run.started, problems, sum(result.seconds for result in results), properties, cases)


def _properties(look: NodeLook) -> Iterator[tuple[str, str]]:
    yield "origin", look.origin
    if look.role:
        yield "role", look.role
    if look.provider:
        yield "kdump", look.provider


def _problem(result: Result, gate: Gate) -> str:
    if (result.outcome is Outcome.WARN and gate.strict_warnings) or (
        result.outcome is Outcome.ERROR and gate.blind_fails
    ):
        return "failure"
    return _TAGS.get(result.outcome, "")


def _classname(check: str) -> str:
    return f"kdumpcheck.{check.rpartition('.')[0]}"


def _text(result: Result) -> str:
    if result.outcome in {Outcome.PASS, Outcome.RECOVERED}:
        return ""
    advice = result.offered or result.instruction
    return f"{result.title}: {result.message}" + (f"; do: {advice}" if advice else "")


def _suite(name: str, started: datetime, problems: list[str], seconds: float, properties: str, cases: list[str]) -> str:
    counts = {tag: problems.count(tag) for tag in ("failure", "error", "skipped")}
    return (
        f'<testsuite name={_attribute(name)} tests="{len(cases)}" failures="{counts["failure"]}" '
        f'errors="{counts["error"]}" skipped="{counts["skipped"]}" time="{seconds:.3f}" '
        f'timestamp="{started.strftime("%Y-%m-%dT%H:%M:%S")}" hostname={_attribute(name)}>\n'
        f"<properties>{properties}</properties>\n{''.join(cases)}</testsuite>\n"
    )


def _case(classname: str, name: str, seconds: float, problem: str, text: str) -> str:
    opening = f'<testcase classname={_attribute(classname)} name={_attribute(name)} time="{seconds:.6f}"'
    if problem:
        return f"{opening}><{problem} message={_attribute(text)}>{_clean(text)}</{problem}></testcase>\n"
    if text:
        return f"{opening}><system-out>{_clean(text)}</system-out></testcase>\n"
    return f"{opening}/>\n"


def _property(name: str, value: str) -> str:
    return f'<property name="{name}" value={_attribute(value)}/>'


def _attribute(text: str) -> str:
    return quoteattr(_legal(text))


def _clean(text: str) -> str:
    return escape(_legal(text), {"\r": "&#13;"})


def _legal(text: str) -> str:
    return _ILLEGAL.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


REPORTER = Reporter("junit", "junit.xml", "JUnit XML, for Jenkins and other gates", render)
