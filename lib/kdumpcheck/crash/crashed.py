# SPDX-License-Identifier: Apache-2.0
"""A crash that was made: all by which its dump is told later, whoever looks for it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from kdumpcheck.crash.survey import Survey
from kdumpcheck.crash.trigger import TRIGGERS, Trigger


@dataclass(frozen=True, slots=True)
class Crashed:
    """One crash of one node, written down just before it.

    `started` is the controller's time (UTC, ISO 8601), `memory` the node's in bytes, `despite` the failed checks that
    the operator took into account, `provider` the name of the node's kdump.
    """

    node: str
    marker: str
    trigger: Trigger
    started: str
    memory: int
    despite: tuple[str, ...]
    before: Survey
    provider: str

    def to_json(self) -> dict[str, Any]:
        """The crash as plain data."""
        data = asdict(self)
        data["before"]["dumps"] = sorted(self.before.dumps)
        return data

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> Self:
        """What `to_json` wrote. Raises `ValueError` for anything else."""
        try:
            if data["trigger"] not in TRIGGERS:
                raise ValueError(f"this is no record of a crash (trigger {data['trigger']!a})")
            before = Survey(**{**data["before"], "dumps": frozenset(map(str, data["before"]["dumps"]))})
            return cls(**{**data, "despite": tuple(map(str, data["despite"])), "before": before})
        except (KeyError, TypeError) as error:
            raise ValueError(f"this is no record of a crash ({error})") from None
