# SPDX-License-Identifier: Apache-2.0
"""What every remedy is: it says what it would do, then hands out one script that does it, proves it or undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kdumpcheck.checks import Subject


class RemedyError(Exception):
    """A remedy cannot be used on this node; the text says why and what to do instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What a remedy is like, unless it says otherwise. The words are those of `Remedy`."""

    then: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    for_warnings: bool = True
    for_lost: bool = False
    disrupts: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """What a remedy would do on one node.

    `comment` says it in a sentence. `script` is POSIX sh that runs as root, finishes or undoes its work even when
    nobody listens any more, and ends by printing `result=` (mended, undone or failed) and `comment=`.
    """

    comment: str
    changes: Mapping[str, Mapping[str, str]]
    script: str
    seconds: float


class Remedy(Protocol):
    """One repair."""

    @property
    def name(self) -> str:
        """The stable id that checks name, as in `initrd.rebuild`."""

    @property
    def title(self) -> str:
        """The repair in words for a report."""

    @property
    def then(self) -> tuple[str, ...]:
        """Remedies that must follow once this one has changed something."""

    @property
    def includes(self) -> tuple[str, ...]:
        """Remedies that this one does as a part of itself."""

    @property
    def for_warnings(self) -> bool:
        """Whether a warning is reason enough for it; else only a failed check is."""

    @property
    def for_lost(self) -> bool:
        """Whether it is for nodes that do not answer at all, and for no others."""

    @property
    def disrupts(self) -> bool:
        """Whether its script takes the node away for a while; another boot of it is waited for then."""

    def plan(self, subject: Subject) -> Action:
        """What it would do on this node. Touches nothing. Raises `RemedyError` or `CouldNotLook`."""
