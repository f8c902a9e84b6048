# SPDX-License-Identifier: Apache-2.0
"""A check in words, for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import groupby

from kdumpcheck.checks import Check, Severity
from kdumpcheck.providers import PROVIDERS
from kdumpcheck.results.words import repair_command

#: Wide enough for a path and a sentence, narrow enough for half of a screen.
_WIDTH = 100
_LABEL = 12
MEANING = {
    Severity.FAIL: "a crash now would lose the dump",
    Severity.WARN: "the dump would probably be saved, or lose a part",
}


def listing(checks: Sequence[Check]) -> str:
    """All checks, one a line: id, severity, title; those of one group together."""
    groups = list(dict.fromkeys(map(group_of, checks)))
    ordered = sorted(checks, key=lambda check: groups.index(group_of(check)))
    width = max((len(check.id) for check in checks), default=0)
    return "".join(f"{check.id:<{width}}  {check.severity.value}  {check.title}\n" for check in ordered)


def group_of(check: Check) -> str:
    """The first word of a check's id, which names its group."""
    return check.id.partition(".")[0]


def pages(checks: Sequence[Check]) -> str:
    """All that is known of some checks; what a file says of all of its checks stands once, below them."""
    parts = []
    for background, group in groupby(checks, key=lambda check: check.background):
        parts += [*map(_page, group), _paragraphs(background)]
    return "\n".join(part for part in parts if part)


def _page(check: Check) -> str:
    lines = [f"{check.id}: {check.title}"]
    for label, text in rows(check):
        lines += textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=f"  {label:<{_LABEL}}",
            subsequent_indent=" " * (_LABEL + 2),
            break_long_words=False,
            break_on_hyphens=False,
        )
    explanation = _paragraphs(check.explanation)
    return "\n".join([*lines, *(["", explanation] if explanation else [""])])


def _paragraphs(text: str) -> str:
    wrapped = (textwrap.fill(each, _WIDTH, initial_indent="  ", subsequent_indent="  ") for each in paragraphs(text))
    return "".join(f"{paragraph}\n" for paragraph in "\n\n".join(wrapped).splitlines())


def rows(check: Check) -> list[tuple[str, str]]:
    """What an operator must know of a check, as label and text; what there is nothing to say of is left out."""
    told = [
        ("severity", f"{check.severity.value}: {MEANING[check.severity]}"),
        ("applies to", applies_to(check)),
        ("follows", ", ".join(check.follows)),
        ("repair", f"{check.remedy} ({repair_command('NODE', check.remedy)})" if check.remedy else ""),
        ("do", check.instruction),
        ("source", check.source),
    ]
    return [(label, text) for label, text in told if text]


def applies_to(check: Check) -> str:
    """The kdump implementations a check is for, in words."""
    titles = {provider.name: provider.title for provider in PROVIDERS.values()}
    return ", ".join(titles.get(name, name) for name in check.providers) or "every kdump implementation"


def paragraphs(text: str) -> list[str]:
    """A docstring's paragraphs, each on one line."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
