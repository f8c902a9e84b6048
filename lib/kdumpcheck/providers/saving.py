# SPDX-License-Identifier: Apache-2.0
"""How an implementation saves: where, by which settings, and which earlier dumps that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.space import Need, Space
from kdumpcheck.places import Place


@dataclass(frozen=True, slots=True, eq=False)
class Saving:
    """How an implementation saves; as it stands here it deletes nothing, and is set by nothing that is looked at."""

    place: Place
    package: str
    """whose version is a part of what a crash proof holds for"""
    setting: str = ""
    """the name of the setting that says how many dumps are kept, "" for none"""
    room: str = "dumps.space"
    """the check that judges whether a dump has room"""
    deletes_before: bool = False
    """whether it deletes what is beyond that before it saves, and not after"""

    def settings(self, evidence: Evidence) -> Mapping[str, str] | Unknown:  # noqa: ARG002 - others need it
        """All that is set, by name."""
        return {}

    def off(self, settings: Mapping[str, str]) -> str:  # noqa: ARG002 - as above
        """Why nothing is loaded anew, or not what stands on disk, however often kdump is restarted; "" for nothing."""
        return ""

    def unprovable(self, settings: Mapping[str, str]) -> str:  # noqa: ARG002 - as above
        """Why nobody could tell whether what a crash leaves is a whole dump; "" for nothing."""
        return ""

    def need(self, space: Space, settings: Mapping[str, str]) -> Need:  # noqa: ARG002 - as above
        """The room that a dump needs."""
        return space.needed({"KDUMP_DUMPLEVEL": "31"})

    def kept(self, settings: Mapping[str, str]) -> int | None:  # noqa: ARG002 - as above
        """How many dumps are kept: 0 for all, None for what is no number."""
        return 0

    def costs(self, settings: Mapping[str, str], dumps: Sequence[str]) -> Sequence[str]:  # noqa: ARG002 - as above
        """Which of the dumps there are (names, oldest first) one more crash deletes, before it saves or after."""
        return ()

    def doomed(self, settings: Mapping[str, str], dumps: Sequence[str]) -> Sequence[str]:
        """Those of them that make room for the new one."""
        return self.costs(settings, dumps) if self.deletes_before else ()
