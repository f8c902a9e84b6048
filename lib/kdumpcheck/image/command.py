# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck image diff`: what changed between two images that matters to kdump."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kdumpcheck.checks.judge import one_line
from kdumpcheck.image.beside import Beside
from kdumpcheck.image.compare import differences
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.evidence import look_at_image

_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `image` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "image", help="compare two images (one is judged by pytest tests/validation --image PATH)"
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    diff = commands.add_parser(
        "diff",
        help="say what changed between two images that matters to kdump",
        description="Compare two images (SquashFS, unpacked root, tar archive or container image): packages, "
        "kernel, configuration, units, drivers, and with --initrd what ships beside them. The exit code is 0 when "
        "nothing that matters changed, 1 when something did, 4 when an image cannot be read.",
    )
    diff.add_argument("old", type=Path, metavar="OLD")
    diff.add_argument("new", type=Path, metavar="NEW")
    diff.add_argument("--initrd", nargs=2, type=Path, metavar=("OLD", "NEW"), help="the initrds that ship beside them")
    diff.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck image diff ...` was asked; the exit status."""
    initrds = arguments.initrd or (None, None)
    try:
        old, new = (
            look_at_image(path, Beside(initrd=initrd))[0]
            for path, initrd in zip((arguments.old, arguments.new), initrds, strict=True)
        )
    except (ImageError, OSError) as error:
        print(f"kdumpcheck image diff: {one_line(str(error))}", file=sys.stderr)
        return _USAGE_ERROR
    found = differences(old, new)
    for difference in found:
        print(difference.line)
    if not found:
        print("nothing that matters to kdump changed")
    return int(bool(found))
