# SPDX-License-Identifier: Apache-2.0
"""A death as one self-contained page: no script, nothing loaded from anywhere, all that a dump says escaped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources

from kdumpcheck.analysis.report import Report
from kdumpcheck.analysis.text import facts
from kdumpcheck.dumps.text import shown_line

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def html(report: Report) -> str:
    """The page."""
    css = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    title = f"Why it died: {report.given.place}"
    body = "\n".join(_body(report))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{_safe(title)}</title>'
        f"<style>{css}</style></head><body>\n{body}\n</body></html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    death = report.death
    yield f"<h1>{_safe(report.given.place)}</h1>"
    yield f'<p class="why">{_safe(death.headline or "The log does not say why it died.")}</p>'
    if death.in_capture:
        yield "<p><strong>It was the capture kernel that died: the dump is lost.</strong></p>"
    for signature, words in report.known:
        yield (
            f'<div class="known"><p><strong>{_safe(signature.title)}</strong> <code>{_safe(words)}</code></p>'
            f"<p>{_safe(signature.meaning)}</p><p><strong>Do:</strong> {_safe(signature.todo)}</p>"
            f"<p><small>{_safe(signature.source)}</small></p></div>"
        )
    rows = "".join(f"<dt>{name}</dt><dd>{_safe(value)}</dd>" for name, value in facts(report))
    yield f"<dl>{rows}</dl>"
    yield from _list("Suspects", (f"{each.module}: {', '.join(each.reasons)}" for each in report.suspects))
    yield from _block("Call trace", map(str, death.trace))
    yield from _block("Memory", death.memory)
    yield from _block("Warned before", death.warnings)
    yield from _block("Last messages before", death.before)
    yield from _list("What would tell more", report.more)
    yield from _folded("The log from there on", "\n".join(map(shown_line, death.story)))
    if report.session is not None:
        for name, raw in report.session.sections.items():
            lines = raw.decode("utf-8", "replace").splitlines()
            yield from _folded(f"{report.session.program}: {name}", "\n".join(map(shown_line, lines)))


def _safe(text: str) -> str:
    return escape(shown_line(text))


def _list(title: str, rows: Iterable[str]) -> Iterator[str]:
    if items := "".join(f"<li>{_safe(row)}</li>" for row in rows):
        yield f"<h2>{title}</h2><ul>{items}</ul>"


def _block(title: str, rows: Iterable[str]) -> Iterator[str]:
    if text := "\n".join(map(_safe, rows)):
        yield f'<h2>{title}</h2><pre tabindex="0">{text}</pre>'


def _folded(title: str, text: str) -> Iterator[str]:
    if text:
        yield f'<details><summary>{_safe(title)}</summary><pre tabindex="0">{escape(text)}</pre></details>'
