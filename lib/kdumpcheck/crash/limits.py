# SPDX-License-Identifier: Apache-2.0
"""How long a crash is watched before it is called hung."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

#: Seconds without progress after which the vendor's page has the node reset.
PAGE: Final = 300.0
_GIB: Final = 2**30


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. No progress for `silence` means hung; for `quiet_save` while a save that shows no percent goes on.

    `boot` is from the restart until the node answers, `trigger` until the console shows the crash, `stuck` what is
    waited after a line that says that nothing more comes, and `whole` the longest that anybody watches.
    """

    silence: float
    quiet_save: float
    boot: float
    trigger: float = 45.0
    stuck: float = 15.0
    whole: float = 6 * 3600.0

    @classmethod
    def of(cls, memory: int, hung_after: float | None, boot: float) -> Self:
        """The limits for a node with so many bytes of memory; what the operator says takes their place.

        A capture kernel goes through all page structures before it saves, about a second a GiB on a slow core. kdump
        from 1.9 on shows no percent, so that nothing tells a long save from a dead one.
        """
        gib = memory / _GIB
        silence = PAGE + gib if hung_after is None else hung_after
        quiet = PAGE + 4 * gib if hung_after is None else hung_after
        return cls(silence, max(silence, quiet), boot)
