# SPDX-License-Identifier: Apache-2.0
"""All checks as one page of documentation, `docs/checks.md`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from kdumpcheck.catalogue.text import MEANING, paragraphs, rows
from kdumpcheck.checks import Check, Severity

#: What renews the page; the page says it itself.
COMMAND = "kdumpcheck explain --markdown >docs/checks.md"

_HEAD = f"""# Checks

What `pytest tests/validation` looks for on each node. *fail*: {MEANING[Severity.FAIL]}.
*warn*: {MEANING[Severity.WARN]}.
A check that *follows* others is not reported as broken where one of those is: they are its cause.

This page is made from the checks themselves by `{COMMAND}`; `kdumpcheck explain ID` prints one of them.
"""


def document(checks: Sequence[Check]) -> str:
    """The page: a table of all checks, then what is known of each, file by file."""
    lines = [_HEAD, "| check | severity | what must be |", "|---|---|---|", *map(_table_row, checks)]
    for background, group in groupby(checks, key=lambda check: check.background):
        lines += _part(background, list(group))
    return "\n".join(lines) + "\n"


def _table_row(check: Check) -> str:
    cells = f"[`{check.id}`](#{_anchor(check)})", check.severity.value, _text(check.title).replace("|", "\\|")
    return f"| {' | '.join(cells)} |"


def _part(background: str, checks: Sequence[Check]) -> Iterator[str]:
    """The checks of one file, below what the file says of them all."""
    title, *more = paragraphs(background) or ["Other checks"]
    yield from ("", f"## {_text(title.rstrip('.'))}")
    for paragraph in more:
        yield from ("", _text(paragraph))
    for check in checks:
        yield from ("", f"### `{check.id}`", "", f"**{_text(check.title)}.**")
        for paragraph in paragraphs(check.explanation):
            yield from ("", _text(paragraph))
        yield ""
        yield from (f"- {label}: {_text(text)}" for label, text in rows(check))


def _anchor(check: Check) -> str:
    """The place of a check's heading, as the usual renderers of Markdown name it."""
    return check.id.replace(".", "")


def _text(text: str) -> str:
    """Text that Markdown shows as it is written; what stands in backticks is code and stays so."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return _escaped(text).replace("`", "\\`")
    return "`".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    # An underscore within a word means nothing to Markdown.
    return re.sub(r"[\\*<\[]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", r"\\\g<0>", text)
