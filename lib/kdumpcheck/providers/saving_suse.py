# SPDX-License-Identifier: Apache-2.0
"""Both lines of SUSE's kdump save on ROOTRAID, as /etc/sysconfig/kdump is set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.space import Need, Space
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.places import Place, rootraid
from kdumpcheck.providers.retention import doomed, kept
from kdumpcheck.providers.saving import Saving


@dataclass(frozen=True, slots=True, eq=False)
class SuseSaving(Saving):
    """How SUSE's kdump saves."""

    place: Place = rootraid.PLACE
    package: str = "kdump"
    setting: str = "KDUMP_KEEP_OLD_DUMPS"
    deletes_before: bool = True

    def settings(self, evidence: Evidence) -> Mapping[str, str] | Unknown:
        """Those of /etc/sysconfig/kdump."""
        found = Sysconfig.parse(evidence)
        return found if isinstance(found, Unknown) else found.live

    def need(self, space: Space, settings: Mapping[str, str]) -> Need:
        """By format, level and KDUMP_FREE_DISK_SIZE."""
        return space.needed(settings)

    def kept(self, settings: Mapping[str, str]) -> int | None:
        """KDUMP_KEEP_OLD_DUMPS; a negative number keeps none."""
        return kept(settings)

    def costs(self, settings: Mapping[str, str], dumps: Sequence[str]) -> Sequence[str]:
        """The oldest beyond KDUMP_KEEP_OLD_DUMPS."""
        return doomed(settings, dumps)
