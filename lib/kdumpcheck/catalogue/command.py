# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck explain`: what a check looks for, why, and what to do about it."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from kdumpcheck.catalogue.load import CatalogueError, load_checks, usual_directory
from kdumpcheck.catalogue.markdown import document
from kdumpcheck.catalogue.text import group_of, listing, pages
from kdumpcheck.checks import Check

_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `explain` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "explain",
        help="say what a check looks for, why, and what to do",
        description="Print all that is known of a check, or of a group of them; without an id, list them all.",
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="as in a report: initrd.present, or initrd for the group")
    parser.add_argument(
        "--checks",
        action="append",
        type=Path,
        metavar="DIR",
        help="where the checks are (default: tests/validation); may be given several times",
    )
    parser.add_argument("--markdown", action="store_true", help="print all of them as the page docs/checks.md")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck explain ...` was asked; the exit status is 0, or 4 for what cannot be meant."""
    try:
        sys.stdout.write(_answer(arguments))
    except CatalogueError as error:
        print(f"kdumpcheck explain: {error}", file=sys.stderr)
        return _USAGE_ERROR
    return 0


def _answer(arguments: argparse.Namespace) -> str:
    if arguments.markdown and arguments.id is not None:
        raise CatalogueError("--markdown is a page of all checks: leave out the id")
    checks = load_checks(*(arguments.checks or [usual_directory(Path.cwd())]))
    if arguments.markdown:
        return document(checks)
    if arguments.id is None:
        return listing(checks) + "\nkdumpcheck explain ID says more about one.\n"
    return pages(chosen(checks, arguments.id))


def chosen(checks: Sequence[Check], name: str) -> list[Check]:
    """The check of this id, or those of the group. Raises `CatalogueError` with the closest name there is."""
    found = [check for check in checks if f"{check.id}.".startswith(f"{name.rstrip('.')}.")]
    if found:
        return found
    names = [*sorted(set(map(group_of, checks))), *(check.id for check in checks)]
    begun = [each for each in names if each.startswith(name.lower())]
    close = begun[:1] or difflib.get_close_matches(name.lower(), names, n=1)
    hint = f"is it {close[0]}?" if close else "kdumpcheck explain lists them"
    raise CatalogueError(f"no check is called {name!r}: {hint}")
