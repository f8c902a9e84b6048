# SPDX-License-Identifier: Apache-2.0
"""RHEL's kdump-utils saves where /etc/kdump.conf says, and deletes no dump.

Source: rhkdump/kdump-utils dracut/99kdumpbase/kdump.sh; kdump.conf(5).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts.kdumpconf import Kdumpconf
from kdumpcheck.facts.kdumpsettings import KdumpSettings
from kdumpcheck.facts.makedumpfile import Options
from kdumpcheck.facts.space import Need, Space
from kdumpcheck.places import Place, kdump_conf
from kdumpcheck.providers.saving import Saving


@dataclass(frozen=True, slots=True, eq=False)
class RhelSaving(Saving):
    """How kdump-utils saves."""

    place: Place = kdump_conf.PLACE
    package: str = "kdump-utils"

    def settings(self, evidence: Evidence) -> Mapping[str, str] | Unknown:
        """The options of /etc/kdump.conf with their values."""
        found = Kdumpconf.parse(evidence)
        if isinstance(found, Unknown):
            return found
        return dict(found.settings.lines) if found.settings is not None else Unknown("/etc/kdump.conf is not there")

    def off(self, settings: Mapping[str, str]) -> str:
        """What kdumpctl does not start with."""
        problem = _told(settings).problem
        return f"kdumpctl starts nothing with this /etc/kdump.conf: {problem}" if problem else ""

    def unprovable(self, settings: Mapping[str, str]) -> str:
        """A dump on another machine, on a bare disk, or by another program cannot be looked into."""
        told = _told(settings)
        if told.target is not None and (told.target.remote or told.target.kind == "raw"):
            return f"/etc/kdump.conf has dumps saved to {told.target.kind} {told.target.spec}"
        if "makedumpfile" not in told.collector.split()[0]:
            return f"core_collector is {told.collector}: what it writes cannot be looked into"
        return ""

    def need(self, space: Space, settings: Mapping[str, str]) -> Need:
        """By makedumpfile's level and compression in core_collector."""
        return need_of(space, _told(settings))


def need_of(space: Space, settings: KdumpSettings) -> Need:
    """The room that a dump by such settings needs."""
    options = Options.of(settings.collector.split()[1:])
    form = "compressed" if options.compresses else "ELF"
    return space.needed({"KDUMP_DUMPLEVEL": str(options.level), "KDUMP_DUMPFORMAT": form})


def _told(settings: Mapping[str, str]) -> KdumpSettings:
    return KdumpSettings(tuple(settings.items()))
