# SPDX-License-Identifier: Apache-2.0
"""What of the catalogue does not fit an implementation, each by its name and with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, eq=False)
class Limits:
    """Where checks, remedies and the crash proof end for one kdump implementation; by default nowhere.

    `checks` and `remedies` lead from an id to why it does not apply; `proof` says why nodes are not crashed on purpose
    ("" when they may be). `advice` leads from a check's id to what is to be done here, instead of its own instruction.
    """

    checks: Mapping[str, str] = field(default_factory=dict)
    remedies: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""
    advice: Mapping[str, str] = field(default_factory=dict)
