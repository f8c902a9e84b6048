# SPDX-License-Identifier: Apache-2.0
"""What a format is: a pure function from a run to text, its name, and the file it belongs in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.results import Run


@dataclass(frozen=True, slots=True)
class Gate:
    """What a program shall take for failed beside a failure: a warning, and a node that could not be looked at.

    `blind_fails` is for gates that look for failures alone and do not see an error.
    """

    strict_warnings: bool = False
    blind_fails: bool = False


@dataclass(frozen=True, slots=True)
class Reporter:
    """One format. `render` gives the whole file; `words` say in a line what reads it."""

    name: str
    filename: str
    words: str
    render: Callable[[Run, Gate], str]


def failed(result: Result, gate: Gate) -> bool:
    """Whether a program that knows good and bad alone must take it for bad; not being able to look is bad."""
    warned = result.outcome is Outcome.WARN and gate.strict_warnings
    return warned or result.outcome in {Outcome.FAIL, Outcome.ERROR}


def told(result: Result) -> str:
    """A result in one line, as every format for programs says it."""
    if result.outcome is Outcome.ERROR:
        return f"could not look: {result.message}"
    if result.outcome in {Outcome.SKIP, Outcome.RECOVERED} or not result.expected:
        return result.message or result.outcome.value
    words = {Outcome.WARN: "warning: ", Outcome.FAIL: "", Outcome.PASS: ""}[result.outcome]
    return f"{words}found {result.found}; expected {result.expected}"


def what_to_do(result: Result) -> str:
    """The repair by its id, or what a person does; "" where nothing is to do."""
    if result.outcome not in {Outcome.FAIL, Outcome.WARN}:
        return ""
    return result.offered or result.instruction
