# SPDX-License-Identifier: Apache-2.0
"""Who is being looked at, and who takes long over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from kdumpcheck.fleet.look import Look
from kdumpcheck.nodes import Node

#: Seconds after which a node is called slow; most answer in one or two.
SLOW = 5.0


class Progress(Protocol):
    """Is told after each node, and once a second while none answers."""

    def __call__(self, done: int, total: int, slow: Sequence[str]) -> None:
        """`done` of `total` nodes have answered or failed; `slow` names those looked at for long, longest first."""


class Watch:
    """Knows since when each node is being looked at; safe to share between threads."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._lock = threading.Lock()

    def watched(self, look_at: Callable[[Node], Look], node: Node) -> Look:
        """Look at a node, and know of it meanwhile."""
        with self._lock:
            self._begun[node.name] = time.monotonic()
        try:
            return look_at(node)
        finally:
            with self._lock:
                self._begun.pop(node.name, None)

    def slow(self) -> tuple[str, ...]:
        """The names of the nodes that have been looked at for longer than `SLOW`, in the order they were begun."""
        latest = time.monotonic() - SLOW
        with self._lock:
            return tuple(name for name, begun in self._begun.items() if begun <= latest)
