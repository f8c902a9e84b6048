# SPDX-License-Identifier: Apache-2.0
"""What a crash proof needs of the world: the node, its BMC and console, and who says whether it may be crashed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kdumpcheck.checks import Result, Subject
from kdumpcheck.crash.trigger import Trigger
from kdumpcheck.dumps import Vmcore
from kdumpcheck.guards import Gate
from kdumpcheck.power.console import Console
from kdumpcheck.power.outcome import Action, Outcome


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asked for. `hung_after` and `boot` are seconds; None is what suits the node's memory."""

    trigger: Trigger = "sysrq"
    despite: frozenset[str] = frozenset()
    apply: bool = False
    resume: bool = False
    keep_dump: bool = False
    hung_after: float | None = None
    boot: float = 1800.0
    resumable: bool = True
    """whether the node is still there when this run has ended"""


class Hands(Protocol):
    """One node, and all that can be done with it."""

    @property
    def node(self) -> str:
        """The node's name."""

    @property
    def our_boot(self) -> str:
        """The boot_id of the machine we are on."""

    def run(self, script: str, seconds: float) -> bytes:
        """Run a script as root on the node; what it printed. Raises `TransportError`."""

    def drop(self) -> None:
        """Forget the connection: the node will not be there any more."""

    def answers(self) -> str | None:
        """The boot_id of the node if it answers within a few seconds."""

    def look(self) -> Subject:
        """The node as the checks see it, looked at now."""

    def judge(self, subject: Subject) -> Sequence[Result]:
        """What every check says of it."""

    def vmcore(self, path: str) -> Vmcore:
        """Whether a file on the node is a dump, and whole. Raises `TransportError` and `NodeFileError`."""

    def press(self, action: Action) -> Outcome:
        """Press the node's power button. Raises `PowerError` and `SecretError`."""

    def console(self) -> Console | None:
        """The node's console, open; None where the operator wants none. Raises `ConsoleError` and `SecretError`."""

    def may_go(self) -> Sequence[Gate]:
        """The guards that say whether this node may be taken away. Nothing is touched."""

    def lock(self, seconds: float) -> Gate:
        """Keep others from this node for so long. Raises `TransportError`."""

    def unlock(self) -> None:
        """Let others in again; a node that cannot be told is none of our concern."""

    def tell(self, phase: str, step: str, seconds: float) -> None:
        """Tell the operator how far it is."""
