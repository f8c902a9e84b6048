# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck vmcore`: is this dump whole, and of what is it?"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from kdumpcheck.dumps.saved import Saved, UnreadableError, read_saved
from kdumpcheck.dumps.text import document, page, shown_line
from kdumpcheck.dumps.verdict import Verdict

_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `vmcore` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "vmcore",
        help="say whether a saved dump is whole, and of what it is",
        description="Look at the structure of vmcores: complete, incomplete (cut short, disk full) or corrupt, and "
        "why. A directory stands for the dump in it; all parts of a split one are looked at together. "
        "The exit code is 0 when all are complete, 1 when one is not, 4 when one cannot be read.",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE", help="a vmcore, or the directory of a dump")
    parser.add_argument("--json", action="store_true", help="print a document for a program")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck vmcore ...` was asked; the exit status."""
    found: list[Saved] = []
    unread = 0
    for path in arguments.paths:
        try:
            saved = read_saved(path)
        except UnreadableError as error:
            unread += 1
            print(f"kdumpcheck vmcore: {shown_line(str(error))}", file=sys.stderr, flush=True)
            continue
        found.append(saved)
        if not arguments.json:
            print(page(saved), flush=True)
    if arguments.json:
        print(json.dumps(document(found), indent=2))
    if unread:
        return _USAGE_ERROR
    return int(any(saved.verdict is not Verdict.COMPLETE for saved in found))
