# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck analyze`: why did this node die?"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from kdumpcheck.analysis import install, session, text
from kdumpcheck.analysis.collect import CollectError, collect
from kdumpcheck.analysis.document import document
from kdumpcheck.analysis.page import html
from kdumpcheck.analysis.report import Report, analyzed
from kdumpcheck.analysis.source import Given, NothingError, here, on_node
from kdumpcheck.dumps.text import shown_line
from kdumpcheck.fleet import Fleet
from kdumpcheck.fleet import arguments as arguments_of_nodes
from kdumpcheck.fleet.arguments import UsageError
from kdumpcheck.listing.row import SECTIONS, read
from kdumpcheck.nodes import InventoryError
from kdumpcheck.paths import whole
from kdumpcheck.probe import compose
from kdumpcheck.transport import TransportError

_USAGE_ERROR = 4
_ANSWER = 16 << 20
#: Seconds for what is done around crash(8): its last words, the log by makedumpfile.
_AROUND = 150

Do = Callable[[str], bytes]


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `analyze` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "analyze",
        help="say why a node died, by its dump",
        description="Say why a kernel died: by the log beside the vmcore, and by crash(8) where it and the kernel's "
        "debuginfo are installed. The node is not changed, but for --install-debuginfo with --apply. The exit code "
        "is 0 when it can be told why, 1 when not, 4 when there is nothing to look at.",
    )
    parser.add_argument("place", metavar="PLACE", help="a node, or (with a / in it) a dump or a log on this machine")
    parser.add_argument("dump", metavar="DUMP", nargs="?", help="a dump of the node, by its name (default: the newest)")
    parser.add_argument("--json", action="store_true", help="print a document for a program")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page, too")
    parser.add_argument(
        "--collect", type=Path, metavar="FILE", help="write a bundle for support: FILE.tar.zst or .tar.gz"
    )
    parser.add_argument("--with-vmcore", action="store_true", help="put the vmcore (all memory) into the bundle, too")
    parser.add_argument("--no-crash", action="store_true", help="run neither crash(8) nor drgn; the log alone")
    parser.add_argument(
        "--crash-deadline", type=int, default=600, metavar="S", help="seconds for crash(8) (default: 600)"
    )
    parser.add_argument("--crash-memory", type=int, default=8192, metavar="MIB", help="memory for it (default: 8192)")
    arguments_of_nodes.add(parser)
    install.add_arguments(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck analyze ...` was asked; the exit status."""
    try:
        with ExitStack() as stack:
            given, do = _local(arguments) if _is_here(arguments.place) else _remote(arguments, stack)
            report = _analyzed(arguments, given, do)
            if arguments.install_debuginfo:
                installed = install.run(arguments, report, do)
                if installed is not None:
                    return installed
                report = _analyzed(arguments, given, do)
    except (UsageError, InventoryError, pytest.UsageError, NothingError, TransportError) as error:
        return _refused(error)
    unwritten: Exception | None = None
    try:
        _write(arguments, report)
    except (UsageError, CollectError) as error:
        unwritten = error
    # Minutes of crash(8) are not lost where a page or a bundle cannot be written.
    print(json.dumps(document(report), indent=2) if arguments.json else text.page(report), end="", flush=True)
    if unwritten is not None:
        return _refused(unwritten)
    return int(report.death.headline is None)


def _refused(error: Exception) -> int:
    print(f"kdumpcheck analyze: {shown_line(' '.join(str(error.args[0]).split()))}", file=sys.stderr)
    return _USAGE_ERROR


def _is_here(place: str) -> bool:
    return "/" in place or Path(place).exists()


def _local(arguments: argparse.Namespace) -> tuple[Given, Do]:
    if arguments.dump is not None:
        raise UsageError(f"{arguments.dump}: {arguments.place} is on this machine: name the dump itself")

    def do(script: str) -> bytes:
        argv, quiet = ["sh", "-s"], subprocess.DEVNULL
        done = subprocess.run(argv, input=script.encode(), stdout=subprocess.PIPE, stderr=quiet, check=False)
        return done.stdout

    return here(Path(arguments.place)), do


def _remote(arguments: argparse.Namespace, stack: ExitStack) -> tuple[Given, Do]:
    if arguments.with_vmcore:
        raise UsageError("--with-vmcore needs the dump on this machine: copy its directory, and analyze the copy")
    inventory = arguments_of_nodes.inventory(arguments)
    nodes = inventory.select(arguments.place)
    if len(nodes) != 1:
        raise UsageError(f"{arguments.place}: name one node; these are {len(nodes)}")
    node = nodes[0]
    fleet = stack.enter_context(Fleet(arguments_of_nodes.settings(arguments, inventory), arguments.deadline))
    found = fleet.look(node, compose(SECTIONS, patience=0))

    def do(script: str) -> bytes:
        seconds = max(fleet.seconds, arguments.crash_deadline + _AROUND)
        return fleet.run(node, script, seconds=seconds, limit=_ANSWER).stdout

    return on_node(read(found.evidence), arguments.dump, do), do


def _analyzed(arguments: argparse.Namespace, given: Given, do: Do) -> Report:
    report = analyzed(given)
    if arguments.no_crash or given.directory is None or not given.vmcores:
        return report
    asked = session.Asked(
        given.directory,
        given.vmcores,
        report.release,
        seconds=max(10, arguments.crash_deadline),
        mebibytes=max(256, arguments.crash_memory),
        wants_log=not given.log,
    )
    said = session.run(do, asked)
    return analyzed(given, said, said.installed)


def _write(arguments: argparse.Namespace, report: Report) -> None:
    if arguments.html is not None:
        try:
            whole(arguments.html, [html(report)])
        except OSError as error:
            raise UsageError(f"--html {arguments.html}: {error.strerror}") from None
    if arguments.collect is not None:
        given = report.given
        if arguments.with_vmcore and (given.directory is None or not given.vmcores):
            raise UsageError("--with-vmcore: there is no vmcore")
        names = given.vmcores if arguments.with_vmcore else ()
        collect(report, arguments.collect, vmcores=[Path(given.directory or "", name) for name in names])
