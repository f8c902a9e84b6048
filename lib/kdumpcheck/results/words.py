# SPDX-License-Identifier: Apache-2.0
"""A result in the words of every report."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from shlex import quote

from kdumpcheck.checks import Outcome, Result


def finding(result: Result) -> str:
    """A finding on a few lines: what, found, expected, what to do."""
    lines = [f"{result.node}: {result.title} ({result.check})"]
    if result.expected:
        lines += [f"  found     {result.found}", f"  expected  {result.expected}"]
    else:
        lines += [f"  {result.message}"]
    if result.outcome is not Outcome.ERROR:
        lines += [f"  do        {advice(result)}"]
    return "\n".join(lines)


def advice(result: Result) -> str:
    """What to do about a finding: the repair that kdumpcheck offers, and what a person does."""
    repair = f"{repair_command(result.node, result.offered)}  ({result.offered})" if result.offered else ""
    return " or: ".join(part for part in (repair, result.instruction) if part)


def repair_command(nodes: str, remedy: str) -> str:
    """What an operator types to have a remedy applied."""
    # Remedies of the node itself take it away for a while, and that is asked for by an option of its own.
    reboot = " --reboot" if remedy.startswith("node.") else ""
    # A folded set is a pattern to a shell: zsh refuses it, bash may find a file by it.
    return f"pytest tests/recovery --nodes {quote(nodes)} --apply{reboot}"


def kept_since(moments: Iterable[datetime]) -> str:
    """Say how old kept evidence is, so that nobody takes last week's node for today's."""
    taken = sorted(f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" for moment in moments)
    until = f" to {taken[-1]}" if taken[0] != taken[-1] else ""
    return f"kept evidence of {taken[0]}{until} UTC"


def nothing_judged(results: Collection[Result]) -> bool:
    """True when every check was skipped: no machine was named that the checks apply to."""
    return bool(results) and all(result.outcome is Outcome.SKIP for result in results)


def result_of(report: object) -> Result | None:
    """The verdict that a pytest report carries, or None for a report of something else."""
    carried = getattr(report, "kdumpcheck_result", None)
    return carried if isinstance(carried, Result) else None
