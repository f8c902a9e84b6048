# SPDX-License-Identifier: Apache-2.0
"""What every fact has: the sections it is read from, and a parser that never fails."""

from __future__ import annotations

from typing import ClassVar, Protocol, Self, runtime_checkable

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section


@runtime_checkable
class Fact(Protocol):
    """One subject: `sections` is what the probe asks for it, `parse` reads the answers.

    `parse` is pure and total: whatever bytes a node sent, it gives a value or says why it cannot tell.
    """

    sections: ClassVar[tuple[Section, ...]]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read this fact out of one node's evidence."""
