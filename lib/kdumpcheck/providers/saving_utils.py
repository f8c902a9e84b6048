# SPDX-License-Identifier: Apache-2.0
"""kdump-utils (RHEL, Fedora) saves as /etc/kdump.conf is set, and deletes no dump.

Source: rhkdump/kdump-utils kdumpctl (parse_config), dracut/99kdumpbase/kdump.sh; kdump.conf(5).
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
class UtilsSaving(Saving):
    """How kdump-utils saves."""

    place: Place = kdump_conf.PLACE
    package: str = "kdump-utils"

    def settings(self, evidence: Evidence) -> Mapping[str, str] | Unknown:
        """Those of /etc/kdump.conf; none where kdumpctl starts nothing with them."""
        found = Kdumpconf.parse(evidence)
        if isinstance(found, Unknown):
            return found
        if found.settings is None:
            return Unknown("there is no /etc/kdump.conf, and without it kdumpctl starts nothing")
        if found.settings.problem:
            return Unknown(f"kdumpctl starts nothing with this /etc/kdump.conf: {found.settings.problem}")
        return dict(found.settings.lines)

    def unprovable(self, settings: Mapping[str, str]) -> str:
        """What is saved on another machine, or on a bare disk, is not found on the node."""
        target = _read(settings).target
        if target is not None and (target.remote or target.kind == "raw"):
            return f"{target.kind} is the target in /etc/kdump.conf: the dump is no file of this node's"
        return ""

    def need(self, space: Space, settings: Mapping[str, str]) -> Need:
        """By what makedumpfile leaves out and whether it compresses; all memory where another program saves."""
        program, *words = _read(settings).collector.split()
        options = Options.of(words)
        if program.rpartition("/")[2] != "makedumpfile":
            return space.needed({"KDUMP_DUMPFORMAT": "raw"})
        form = "compressed" if options.compresses else "ELF"
        return space.needed({"KDUMP_DUMPFORMAT": form, "KDUMP_DUMPLEVEL": str(options.level)})


def _read(settings: Mapping[str, str]) -> KdumpSettings:
    return KdumpSettings(tuple(settings.items()))
