# SPDX-License-Identifier: Apache-2.0
"""A death as a document for a program; keys are only ever added while the number at its top stays."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kdumpcheck.analysis.report import Report
from kdumpcheck.dumps.text import shown_line

VERSION = 1


def document(report: Report) -> dict[str, Any]:
    """All that is known; texts of the dump are one printable line each."""
    death, given = report.death, report.given
    plain = asdict(death)
    story = plain.pop("story")
    return {
        "kdumpcheck-analysis": VERSION,
        "place": shown_line(given.place),
        "log": given.log_name,
        "verdict": given.verdict,
        "release": report.release,
        "known": [{"name": each.name, "title": each.title, "words": shown_line(words)} for each, words in report.known],
        "suspects": [asdict(each) for each in report.suspects],
        "death": {**plain, "taints": list(death.taints), "story": [shown_line(line) for line in story]},
        "debuginfo": None if report.package is None else asdict(report.package),
        "crash": None if report.session is None else _session(report),
        "more": list(report.more),
    }


def _session(report: Report) -> dict[str, Any]:
    session = report.session
    if session is None:
        return {}
    return {
        "version": session.version,
        "namelist": session.namelist,
        "warnings": list(session.warnings),
        "trouble": session.trouble,
        "sections": {name: raw.decode("utf-8", "replace") for name, raw in session.sections.items()},
    }
