# SPDX-License-Identifier: Apache-2.0
"""A gate: one named condition that must hold before a node is touched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gate:
    """One condition, whether it holds, and what was found, in words for the operator.

    `name` is a stable dotted id, as in `guard.own-node`. A condition that could not be told does not hold.
    """

    name: str
    holds: bool
    said: str

    def __str__(self) -> str:
        """The gate on one line."""
        return f"{self.name}: {self.said}"


def refusal(gates: Iterable[Gate]) -> str:
    """Why the node must not be touched, all reasons on one line; "" when every gate holds."""
    return "; ".join(str(gate) for gate in gates if not gate.holds)
