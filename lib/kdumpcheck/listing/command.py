# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck dumps`: the dumps of many nodes from the command line."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from kdumpcheck.dumps.verdict import Verdict
from kdumpcheck.fleet import Fleet
from kdumpcheck.fleet import arguments as arguments_of_nodes
from kdumpcheck.fleet.arguments import UsageError
from kdumpcheck.fleet.progress import Progress
from kdumpcheck.listing.deep import look_deeply
from kdumpcheck.listing.document import document
from kdumpcheck.listing.row import SECTIONS, NodeDumps, read
from kdumpcheck.listing.table import table
from kdumpcheck.nodes import InventoryError
from kdumpcheck.probe import compose
from kdumpcheck.reporters.terminal import progress_line
from kdumpcheck.suite.targets import kept_evidence

_USAGE_ERROR = 4


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `dumps` to the command `kdumpcheck`."""
    parser = subparsers.add_parser(
        "dumps",
        help="list the dumps of nodes: whole or not, why, and how long they are kept",
        description="List every dump of every node, on ROOTRAID also those that /var/crash does not show. One exec a "
        "node; the nodes are not changed. The exit code is 0 when none is known to be incomplete or corrupt, 1 when "
        "one is or a node could not be looked at.",
    )
    parser.add_argument("--nodes", metavar="SET", help="a node set, as ncn-w[001-003] or @worker")
    parser.add_argument("--replay", type=Path, metavar="DIR", help="list by evidence that --bundle kept")
    parser.add_argument("--deep", action="store_true", help="look at the whole structure of each vmcore, on the node")
    parser.add_argument("--json", action="store_true", help="print a document for a program")
    arguments_of_nodes.add(parser)
    parser.add_argument("--fanout", type=int, metavar="N", help="nodes at once")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what `kdumpcheck dumps ...` was asked; the exit status."""
    try:
        found = _look(arguments)
    except (UsageError, InventoryError, pytest.UsageError) as error:
        print(f"kdumpcheck dumps: {' '.join(str(error).split())}", file=sys.stderr)
        return _USAGE_ERROR
    if arguments.json:
        print(json.dumps(document(found), indent=2))
    else:
        print(table(found, shutil.get_terminal_size().columns if sys.stdout.isatty() else None), end="")
    return int(not all(map(_good, found)))


def _good(found: NodeDumps) -> bool:
    return (
        found.failure is None
        and found.unseen is None
        and all(row.verdict in (None, Verdict.COMPLETE) for row in found.rows)
    )


def _look(arguments: argparse.Namespace) -> list[NodeDumps]:
    _refuse_contradictions(arguments)
    inventory = arguments_of_nodes.inventory(arguments)
    if arguments.replay is not None:
        kept = kept_evidence(arguments.nodes, inventory, arguments.replay.expanduser())
        return [read(evidence) for evidence in kept.values()]
    nodes = {node.name: node for node in inventory.select(arguments.nodes)}
    with Fleet(arguments_of_nodes.settings(arguments, inventory), arguments.deadline, arguments.fanout) as fleet:
        probe = compose(SECTIONS, patience=0)
        with _progress() as progress:
            looks = fleet.gather(nodes.values(), probe, progress, keep=arguments.deep)
        found = [read(look.evidence) for look in looks.values()]
        return look_deeply(fleet, nodes, found) if arguments.deep else found


@contextmanager
def _progress() -> Iterator[Progress | None]:
    """A line that counts nodes while they are looked at and names the slow ones; nothing where no terminal is."""
    if not sys.stderr.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield None
        return

    def told(done: int, total: int, slow: Sequence[str]) -> None:
        line = progress_line(done, total, slow, (os.get_terminal_size(sys.stderr.fileno()).columns or 80) - 1)
        print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    try:
        yield told
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    if arguments.nodes is None and arguments.replay is None:
        raise UsageError("no node was named: give --nodes SET (as in --nodes 'ncn-w[001-003]')")
    if arguments.deep and arguments.replay is not None:
        raise UsageError("--deep needs the nodes themselves; --replay lists by kept evidence")
    if arguments.fanout is not None and arguments.fanout < 1:
        raise UsageError(f"--fanout {arguments.fanout}: at least 1 node must be looked at at once")
