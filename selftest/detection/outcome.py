# SPDX-License-Identifier: Apache-2.0
"""What a crash left behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self


class Left(StrEnum):
    """The outcomes, the good one first."""

    DUMP = "dump"
    """a complete vmcore of this crash where /var/crash shows it"""
    ELSEWHERE = "elsewhere"
    """a complete vmcore of this crash, but where /var/crash does not show it"""
    UNUSABLE = "unusable"
    """a vmcore that is cut short, or not of this crash"""
    NONE = "none"
    """no vmcore"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A crash from its trigger to its end."""

    left: Left
    ended: str
    """how it ended, in words: the node restarted, hung, never started its capture kernel"""
    phases: tuple[str, ...] = ()
    """how far it came, by its console"""
    path: str = ""
    """the dump's directory on ROOTRAID"""
    problem: str = ""
    """why the vmcore is no good"""
    files: tuple[str, ...] = ()
    """names in the dump's directory"""
    size: int = 0
    """bytes of the vmcore"""
    kind: str = ""

    @property
    def good(self) -> bool:
        """Whether the dump was saved as it must be."""
        return self.left is Left.DUMP

    def to_json(self) -> dict[str, Any]:
        """The outcome as plain data."""
        return asdict(self)

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` wrote."""
        lists = {name: tuple(data[name]) for name in ("phases", "files")}
        return cls(**{**data, **lists, "left": Left(data["left"])})
