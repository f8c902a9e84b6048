# SPDX-License-Identifier: Apache-2.0
"""Taking a node through a boot: the guards of its role first, and it is back only when it is in another boot."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from socket import gethostname
from typing import TYPE_CHECKING

from kdumpcheck.fleet.boots import BootId, boot_of, wait_for_another
from kdumpcheck.guards import ClusterWord, Gate, may_go, not_this_machine, quorum, refusal
from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, TransportError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

#: Other nodes of a role that are asked how the cluster is; one that knows is enough, and masters are few.
_MOST_PEERS = 9


class Restarts:
    """Reboots nodes of one run."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self.stopped = False

    def gates(self, node: Node) -> list[Gate]:
        """The guards before a node goes away for a while: it is not ours, and its role can do without it."""
        own = not_this_machine(node, gethostname(), disrupts=True)
        return [own, may_go(node.name, node.role, self._peers(node))] if own.holds else [own]

    def refusal(self, node: Node) -> str:
        """Why a node must not go away now, or ""."""
        return refusal(self.gates(node))

    def reboot(self, node: Node, order: Callable[[], tuple[bool, str]], relock: Callable[[], str]) -> tuple[bool, str]:
        """Have a node reboot by `order`, and wait until it is back. Raises `TransportError` before the order only."""
        before = boot_of(self._suite.fleet, node)
        since = time.monotonic()
        obeyed, said = True, ""
        with suppress(TransportError):  # the node may be gone before it has answered
            obeyed, said = order()
        if not obeyed:
            return False, said
        return self.back(node, before, since, relock)

    def back(self, node: Node, before: BootId | None, since: float, relock: Callable[[], str]) -> tuple[bool, str]:
        """Wait for another boot of a node; whether it came, and what to say."""
        seconds = self._suite.options.boot_deadline
        boot = wait_for_another(
            self._suite.fleet, node, before, since, Deadline.after(seconds), stopped=lambda: self.stopped
        )
        if boot is None:
            waited = time.monotonic() - since
            return False, f"it has not come back within {waited:.0f} s: look at its console; its BMC may reset it"
        try:
            locked = relock()
        except TransportError as error:
            locked = str(error)
        took = f"it booted and answers again after {time.monotonic() - since:.0f} s"
        return not locked, f"{took}; {locked}" if locked else took

    def _peers(self, node: Node) -> dict[str, ClusterWord | None]:
        """What others of the node's role say of the cluster. A storage node may say of Ceph what it knows itself."""
        if node.role not in {"master", "storage"}:
            return {}
        known = {**self._suite.inventory.nodes, **self._suite.nodes}
        others = [each for each in known.values() if each.role == node.role and each.name != node.name]
        asked = [*others[:_MOST_PEERS], *([node] if node.role == "storage" else [])]
        return {each.name: self._word(each) for each in asked}

    def _word(self, node: Node) -> ClusterWord | None:
        fleet = self._suite.fleet
        try:
            answer = fleet.run(node, quorum.script(), seconds=quorum.SECONDS, limit=quorum.LIMIT)
        except TransportError:
            fleet.drop(node)
            return None
        return ClusterWord.parse(answer.stdout)
