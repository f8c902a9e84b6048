# SPDX-License-Identifier: Apache-2.0
"""Every format this release knows, by its name, and writing one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kdumpcheck.paths import whole
from kdumpcheck.raised import said
from kdumpcheck.reporters import ctrf, github, gitlab, goss, grok, junit, nagios, prometheus, results_json, sarif, tap
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run

#: Every format, by its name; plugins add theirs.
FORMATS: dict[str, Reporter] = {
    module.REPORTER.name: module.REPORTER
    for module in (results_json, junit, tap, goss, grok, prometheus, nagios, github, gitlab, ctrf, sarif)
}
#: What every run writes.
USUAL = ("json", "junit")


#: What a pipeline reads, by the variable that tells of it.
_PIPELINES = {"GITHUB_ACTIONS": "github", "GITLAB_CI": "gitlab"}


class FormatError(ValueError):
    """A format that nobody knows, or that fails; the text is one line for the operator."""


def chosen(words: str) -> tuple[Reporter, ...]:
    """The formats that `tap,goss` names, each once. Raises `FormatError`."""
    names = dict.fromkeys(word.strip() for word in words.split(",") if word.strip())
    for name in names:
        if name not in FORMATS:
            raise FormatError(f"no format is called {name[:60]!a}: {', '.join(FORMATS)}")
    if not names:
        raise FormatError(f"no format is named: {', '.join(FORMATS)}")
    return tuple(FORMATS[name] for name in names)


def of_a_run(words: str, environ: Mapping[str, str]) -> tuple[Reporter, ...]:
    """What a run writes: the usual, what was asked for, what its pipeline reads. Raises `FormatError`."""
    asked = (reporter.name for reporter in chosen(words)) if words else ()
    seen = (name for variable, name in _PIPELINES.items() if environ.get(variable) == "true")
    return tuple(FORMATS[name] for name in dict.fromkeys((*USUAL, *asked, *seen)))


def write(reporter: Reporter, run: Run, directory: Path, gate: Gate) -> Path:
    """Write a format into its file, whole or not at all. Raises `OSError`, and `FormatError` when a plugin fails."""
    return whole(directory / reporter.filename, [rendered(reporter, run, gate)])


def rendered(reporter: Reporter, run: Run, gate: Gate) -> str:
    """A run in a format. Raises `FormatError` when it cannot be made, with the place in the plugin."""
    try:
        text = reporter.render(run, gate)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything, and must not cost the run the other reports
        raise FormatError(f"the report {reporter.name} could not be made: {said(error)}") from None
    if not isinstance(text, str):
        raise FormatError(f"the report {reporter.name} could not be made: it is no text")
    return text
