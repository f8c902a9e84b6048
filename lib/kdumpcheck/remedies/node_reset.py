# SPDX-License-Identifier: Apache-2.0
"""`node.reset`: reset a node that hangs, through its BMC, when its console shows that nothing moves any more.

The vendor's page has a node reset when it has saved no dump for five minutes. Here it is watched first: a node that
still writes its dump, or boots, is never reset.
"""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits

#: How a node fails to answer that may hang (transport.errors.Kind): whoever refuses a key or shows another one lives.
_HUNG = frozenset({"unreachable", "refused", "silent"})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeReset(Traits):
    """The remedy for a node that does not answer."""

    name: str = "node.reset"
    title: str = "Reset a hung node"
    for_lost: bool = True
    disrupts: bool = True

    def plan(self, subject: Subject) -> Action:
        """Plan to watch it, and to reset it when it hangs."""
        evidence = subject.evidence
        if evidence.lost not in _HUNG:
            raise RemedyError(f"a reset does not help here: {evidence.failure}")
        changes = {"power": {"old": "on, and the node does not answer", "new": "reset, if nothing moves"}}
        comment = "watch its console, reset it once through its BMC if nothing moves there, and wait until it is back"
        return Action(comment, changes, script="", seconds=0)


REMEDY = NodeReset()
