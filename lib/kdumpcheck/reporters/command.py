# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck report`: any run's report once more, in any format."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kdumpcheck.paths import whole
from kdumpcheck.reporters import nagios
from kdumpcheck.reporters.formats import FORMATS, FormatError, chosen, rendered
from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results.read import ResultsError, read_results, shown

_FAILED, _USAGE_ERROR = 1, 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `report` to the command `kdumpcheck`."""
    known = "; ".join(f"{reporter.name}: {reporter.words}" for reporter in FORMATS.values())
    parser = subparsers.add_parser(
        "report",
        help="a run's report once more, in another format",
        description=f"Make a report of a run that was. Formats: {known}. The exit code is 0, whatever the run says; "
        "with nagios it is Nagios' 0, 1, 2 or 3; 1 when it cannot be written, 4 for results that cannot be used.",
    )
    parser.add_argument("results", type=Path, metavar="RESULTS", help="a results.json, or the directory it is in")
    parser.add_argument("--format", required=True, metavar="X", help=f"{', '.join(FORMATS)}, or a plugin's")
    parser.add_argument(
        "--plugin-dir", type=Path, action="append", default=[], metavar="DIR", help="more plugins (kdumpcheck plugins)"
    )
    parser.add_argument("--output", type=Path, metavar="F", help="write this file, whole or not at all")
    parser.add_argument("--strict-warnings", action="store_true", help="a warning counts as failed")
    parser.add_argument("--blind-fails", action="store_true", help="could-not-look counts as failed, not as an error")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck report ...` was asked; the exit status."""
    gate = Gate(strict_warnings=arguments.strict_warnings, blind_fails=arguments.blind_fails)
    try:
        reporter = _one(arguments.format)
        results = read_results(arguments.results)
    except (FormatError, ResultsError) as error:
        print(f"kdumpcheck report: {error}", file=sys.stderr)
        return _USAGE_ERROR
    try:
        _put(rendered(reporter, results, gate), arguments.output)
    except FormatError as error:
        print(f"kdumpcheck report: {error}", file=sys.stderr)
        return _FAILED
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable file name"
        print(
            f"kdumpcheck report: {shown(arguments.output or Path('-'))}: cannot be written ({reason})", file=sys.stderr
        )
        return _FAILED
    return nagios.status(results, gate) if reporter is nagios.REPORTER else 0


def _one(words: str) -> Reporter:
    """The one format that is named. Raises `FormatError`."""
    formats = chosen(words)
    if len(formats) > 1:
        raise FormatError(f"{words[:60]!a} names {len(formats)} formats: give one of them")
    return formats[0]


def _put(text: str, output: Path | None) -> None:
    if output is not None:
        whole(output, [text])
        return
    # What an encoding of the terminal cannot show must not end in a traceback.
    data = text.encode("utf-8", "backslashreplace")
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
