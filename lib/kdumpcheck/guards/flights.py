# SPDX-License-Identifier: Apache-2.0
"""Which node is worked on next: only so many at once, never two of one role, and none of a role that lost one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from kdumpcheck.nodes import Node
from kdumpcheck.nodes.nodeset import natural

#: Those that others lean on come last (docs-csm, operations/node_management/Reboot_NCNs.md); any other role before.
_ORDER: Mapping[str | None, int] = {"storage": 1, "worker": 2, "master": 3}


def in_order(nodes: Iterable[Node]) -> list[Node]:
    """The nodes in the order of the vendor's reboots: storage, workers, masters, and in each the highest first."""
    by_name = sorted(nodes, key=lambda node: natural(node.name), reverse=True)
    return sorted(by_name, key=lambda node: _ORDER.get(node.role, 0))


class Flights:
    """Hands out nodes to the threads that work on them."""

    def __init__(self, nodes: Iterable[Node], most: int) -> None:
        """`most` is how many nodes may be worked on at once."""
        self._waiting = in_order(nodes)
        self._flying: dict[str, Node] = {}
        self._most = most
        self._grounded: dict[str | None, str] = {}
        self._changed = threading.Condition()

    def begin(self) -> Node | None:
        """Wait for a node that may be worked on now; None when there are no more."""
        with self._changed:
            while self._waiting:
                node = next(filter(self._may_fly, self._waiting), None)
                if node is not None:
                    self._waiting.remove(node)
                    self._flying[node.name] = node
                    return node
                self._changed.wait(timeout=1)
            return None

    def _may_fly(self, node: Node) -> bool:
        roles = {flying.role for flying in self._flying.values()}
        return len(self._flying) < self._most and (node.role is None or node.role not in roles)

    def end(self, node: Node) -> None:
        """The node is as it should be again, or was left alone."""
        with self._changed:
            self._flying.pop(node.name, None)
            self._changed.notify_all()

    def ground(self, node: Node, why: str) -> None:
        """The node was lost: no other node of its role may be touched in this run."""
        with self._changed:
            self._grounded.setdefault(node.role, f"{node.name} of the same role was lost: {why}")

    def grounded(self, node: Node) -> str:
        """Why a node must be left alone, or ""."""
        with self._changed:
            return self._grounded.get(node.role, "")

    def cancel(self) -> list[Node]:
        """Hand out nothing more; the nodes that nobody will work on."""
        with self._changed:
            left, self._waiting = self._waiting, []
            self._changed.notify_all()
            return left


def fly(flights: Flights, work: Callable[[Node], None], most: int) -> list[threading.Thread]:
    """Start threads that work on the nodes until there are no more."""

    def pilot() -> None:
        while (node := flights.begin()) is not None:
            try:
                work(node)
            finally:
                flights.end(node)

    threads = [threading.Thread(target=pilot, name=f"repair-{number}", daemon=True) for number in range(most)]
    for thread in threads:
        thread.start()
    return threads
