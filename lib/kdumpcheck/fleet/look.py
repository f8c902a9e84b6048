# SPDX-License-Identifier: Apache-2.0
"""One look at one node: run the probe, keep the answer, or say in one line why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from kdumpcheck.evidence import Evidence, FramingError, parse_answer
from kdumpcheck.nodes import Node
from kdumpcheck.probe import Probe
from kdumpcheck.transport import Completed, TransportError

#: Runs the probe on the node and gives back what it printed; raises `TransportError`.
Runner = Callable[[Node, Probe], Completed]


@dataclass(frozen=True, slots=True)
class Look:
    """A node's evidence, and the raw answer it was read from (for a bundle)."""

    evidence: Evidence
    raw: bytes = b""


def look(node: Node, probe: Probe, run: Runner) -> Look:
    """Look at one node. Never raises for what a node does or says: that becomes the evidence's `failure`."""
    taken, origin = datetime.now(UTC), origin_of(node)
    ended: str | None = None
    try:
        completed = run(node, probe)
    except TransportError as error:
        ended = _without_name(str(error), node.name)
        if error.partial is None:
            return Look(Evidence(node.name, taken, origin, failure=ended, attempts=error.attempts, lost=error.kind))
        # What a node said before it was lost is still true: judge that, and call the rest unknown.
        completed = error.partial
    except Exception as error:  # noqa: BLE001 - a mistake in a library below must cost this node and not the fleet
        return Look(Evidence(node.name, taken, origin, failure=f"looking broke: {type(error).__name__}: {error}"))
    try:
        answer = parse_answer(completed.stdout, completed.stderr)
    except FramingError as error:
        return Look(Evidence(node.name, taken, origin, failure=ended or str(error), attempts=completed.attempts))
    evidence = Evidence(
        node.name,
        taken,
        origin,
        answer.digest,
        answer.outputs,
        complete=answer.complete,
        ended=ended,
        attempts=completed.attempts,
    )
    return Look(evidence, completed.stdout)


def origin_of(node: Node) -> str:
    """How a node is reached, as a URL without secrets: "ssh://root@host:22", "local://"."""
    if node.hostspec:
        scheme, _, rest = node.hostspec.partition("://")
        return f"{scheme}://{rest.rpartition('@')[2]}"
    user = f"{node.user}@" if node.user else ""
    port = f":{node.port}" if node.port else ""
    return f"ssh://{user}{node.address or node.name}{port}"


def _without_name(message: str, name: str) -> str:
    """The message without a leading "name: ", because a report says the name beside it."""
    return message.removeprefix(f"{name}: ")
