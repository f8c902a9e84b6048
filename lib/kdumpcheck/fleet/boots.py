# SPDX-License-Identifier: Apache-2.0
"""Which boot of a node we speak with. A node is back when it is another boot, not when it answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from kdumpcheck.transport import Deadline, TransportError

if TYPE_CHECKING:
    from kdumpcheck.fleet.fleet import Fleet
    from kdumpcheck.nodes import Node

_SCRIPT = "cat /proc/sys/kernel/random/boot_id /proc/uptime\n"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_UPTIME = re.compile(r"([0-9]{1,12})(?:\.[0-9]+)? ")
#: Seconds that one question may take: a node in the middle of a boot accepts connections and says nothing.
_ASKING = 20.0
_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class BootId:
    """One boot of a node: the kernel's random id of it (random(4), boot_id), and how many seconds it has lasted."""

    id: str
    uptime: int

    @classmethod
    def parse(cls, answer: bytes) -> Self | None:
        """Read the node's answer, or None for anything else."""
        boot_id, _, rest = answer.decode("ascii", errors="replace").partition("\n")
        uptime = _UPTIME.match(rest)
        return cls(boot_id, int(uptime[1])) if _ID.fullmatch(boot_id) and uptime else None


def boot_of(fleet: Fleet, node: Node) -> BootId:
    """Ask a node which boot it is in. Raises `TransportError`."""
    answer = fleet.run(node, _SCRIPT, seconds=_ASKING, limit=4096).stdout
    boot = BootId.parse(answer)
    if boot is None:
        raise TransportError("protocol", node.name, "it does not tell which boot it is in (/proc/sys/kernel/random)")
    return boot


def answering(fleet: Fleet, node: Node) -> str | None:
    """The boot_id of a node that answers on a new connection within a few seconds, else None."""
    fleet.drop(node)
    try:
        return boot_of(fleet, node).id
    except TransportError:
        return None


def wait_for_another(
    fleet: Fleet,
    node: Node,
    before: BootId | None,
    since: float,
    deadline: Deadline,
    stopped: Callable[[], bool] = lambda: False,
) -> BootId | None:
    """Wait for a node to be in another boot than `before`, asking on a new connection each time; None when it is not.

    Where the boot before is not known, one that has lasted less long than the time since `since`, a moment on the
    monotonic clock, is another one. `stopped` ends the wait early.
    """
    while not (deadline.expired or stopped()):
        fleet.drop(node)
        try:
            boot = boot_of(fleet, node)
        except TransportError:
            boot = None
        if boot is not None and _is_another(boot, before, time.monotonic() - since):
            return boot
        time.sleep(min(_EVERY, deadline.remaining()))  # a machine boots in its own time
    return None


def _is_another(boot: BootId, before: BootId | None, elapsed: float) -> bool:
    return boot.id != before.id if before is not None else boot.uptime < elapsed
