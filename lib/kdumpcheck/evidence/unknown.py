# SPDX-License-Identifier: Apache-2.0
"""The third answer beside right and wrong: it could not be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be told, and why; never mistaken for a value."""

    reason: str


@dataclass(frozen=True, slots=True)
class NotBooted(Unknown):
    """A fact that an image cannot have before a node boots it: no doubt, and no fault."""


class CouldNotLook(Exception):
    """A check needed something that could not be told: its outcome is "error", never "pass" or "fail"."""

    def __init__(self, unknown: Unknown) -> None:
        super().__init__(unknown.reason)
        self.unknown = unknown


def known(value: T | Unknown) -> T:
    """Give the value, or raise `CouldNotLook` with the reason there is none."""
    if isinstance(value, Unknown):
        raise CouldNotLook(value)
    return value
