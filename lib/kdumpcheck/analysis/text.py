# SPDX-License-Identifier: Apache-2.0
"""A death in words for a person at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from kdumpcheck.analysis.report import Report
from kdumpcheck.dumps.text import shown_line

_FRAMES, _BEFORE = 20, 12


def page(report: Report) -> str:
    """Why it died, the most useful thing first."""
    lines: list[str] = [report.given.place]
    for title, rows in _sections(report):
        lines += ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []
    return "\n".join(shown_line(line) for line in lines) + "\n"


def answer(report: Report) -> list[str]:
    """Why it died, in a few lines: the first thing an operator wants."""
    death = report.death
    rows = [death.headline or "the log does not say why"]
    if death.in_capture:
        rows.append("it was the capture kernel that died: the dump is lost")
    for signature, words in report.known:
        rows += [f"known: {signature.title} ({words})", f"  {signature.meaning}", f"  -> {signature.todo}"]
    if not report.known and death.headline is not None:
        rows.append("no known way to die: see the suspects and the call trace")
    return rows


def facts(report: Report) -> list[tuple[str, str]]:
    """Who, where and when: a name and what is known."""
    death, given = report.death, report.given
    rows: list[tuple[str, str | None]] = [
        ("panic", death.panic if death.panic != death.headline else None),
        ("task", None if death.task is None else f"{death.task} (pid {death.pid}) on CPU {death.cpu}"),
        ("failed in", str(death.at) if death.at is not None else None),
        ("after", None if death.seconds is None else f"{duration(death.seconds)} of uptime"),
        ("kernel", report.release),
        ("hardware", death.hardware),
        ("tainted", "; ".join(death.taints) or None),
        ("kdump", {True: "was loaded", False: "was not loaded", None: None}[death.kdump_loaded]),
        ("dump", given.verdict),
        ("log", given.log_name or ("out of the vmcore" if report.session and report.session.log else None)),
    ]
    return [(name, value) for name, value in rows if value]


def duration(seconds: float) -> str:
    """A time as an operator says it."""
    days, rest = divmod(int(seconds), 86400)
    hours, minutes = divmod(rest // 60, 60)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min" if hours else f"{seconds:.0f} s"


def _sections(report: Report) -> Iterator[tuple[str, list[str]]]:
    death = report.death
    yield "Why it died", answer(report)
    yield "What is known", [f"{name:<10} {value}" for name, value in facts(report)]
    yield "Suspects", [f"{each.module}: {', '.join(each.reasons)}" for each in report.suspects[:5]]
    frames = [str(each) for each in death.trace if each.sure]
    yield "Call trace", frames[:_FRAMES] + ([f"({len(frames) - _FRAMES} more)"] if len(frames) > _FRAMES else [])
    yield "Memory", list(death.memory)
    yield "Warned before", list(death.warnings)
    yield "Last messages before", list(death.before[-_BEFORE:])
    if report.session is not None and set(report.session.sections) - {"log"}:
        names = ", ".join(report.session.sections)
        kernel = f"{report.session.version or 'crash'} with {report.session.namelist}"
        kept = "the page of --html and the file of --collect hold what it said"
        yield f"{report.session.program} was asked", [kernel, names, kept]
    yield "What would tell more", list(report.more)
