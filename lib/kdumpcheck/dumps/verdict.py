# SPDX-License-Identifier: Apache-2.0
"""The three answers to "is this dump whole?", and the reason for the two bad ones."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """Whole; cut short while it was saved; or bytes that no saving would leave so."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    CORRUPT = "corrupt"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a dump, as a sentence that goes on from its name."""

    verdict: Verdict
    reason: str


def cut(reason: str) -> Problem:
    """The dump ends early: killed, reset, or the disk was full."""
    return Problem(Verdict.INCOMPLETE, reason)


def broken(reason: str) -> Problem:
    """The dump's structure contradicts itself."""
    return Problem(Verdict.CORRUPT, reason)
