# SPDX-License-Identifier: Apache-2.0
"""The full look: the structure of every vmcore on every node, over the connections that are there already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

from kdumpcheck.dumps import NodeFile, NodeFileError, Vmcore, inspect_window
from kdumpcheck.dumps.remote import ANSWER
from kdumpcheck.fleet import Fleet
from kdumpcheck.listing.row import NodeDumps, Row, with_full_look
from kdumpcheck.nodes import Node
from kdumpcheck.transport import TransportError


def look_deeply(fleet: Fleet, nodes: Mapping[str, Node], found: list[NodeDumps]) -> list[NodeDumps]:
    """Look at every vmcore that was found; one after the other on a node, and on `fleet.fanout` nodes at once."""
    pool = ThreadPoolExecutor(max_workers=max(1, min(fleet.fanout, len(found))), thread_name_prefix="deep")
    try:
        futures = [pool.submit(_node, fleet, nodes[each.node], each) for each in found]
        # A Ctrl-C just before a wait without end would not be noticed until its end.
        while wait(futures, timeout=1).not_done:
            pass
        return [future.result() for future in futures]
    finally:
        # On Ctrl-C the threads are not waited for here: closing the connections ends them.
        pool.shutdown(wait=False, cancel_futures=True)


def _node(fleet: Fleet, node: Node, found: NodeDumps) -> NodeDumps:
    def run(script: str) -> bytes:
        return fleet.run(node, script, seconds=fleet.seconds, limit=ANSWER + (1 << 16)).stdout

    # What the first look could not tell is told now, row by row.
    return replace(found, rows=tuple(_row(run, row) for row in found.rows), unseen=None)


def _row(run: Callable[[str], bytes], row: Row) -> Row:
    vmcores: list[tuple[str, Vmcore]] = []
    for name in row.vmcores:
        try:
            vmcores.append((name, inspect_window(NodeFile(run, f"{row.place}/{row.name}/{name}"))))
        except (NodeFileError, TransportError) as error:
            return with_full_look(row, vmcores, f"{name} could not be looked at: {error.args[0]}")
        except Exception as error:  # noqa: BLE001 - a mistake in a library below must cost this dump and not the fleet
            return with_full_look(row, vmcores, f"{name}: looking broke: {type(error).__name__}: {error}")
    return with_full_look(row, vmcores) if vmcores else row
