# SPDX-License-Identifier: Apache-2.0
"""`service.restart`: load the capture kernel anew, and show that it is loaded."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Kernels, Units
from kdumpcheck.remedies import script
from kdumpcheck.remedies.preconditions import loadable
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRestart(Traits):
    """The remedy for a kdump that has not started, or loaded nothing, or something else than lies on disk."""

    name: str = "service.restart"
    title: str = "Restart kdump"

    def plan(self, subject: Subject) -> Action:
        """Plan one restart; the unit that loads at boot is the way back."""
        provider, units = known(subject.provider), known(Units.parse(subject.evidence))
        reservation, kernels = loadable(subject), known(Kernels.parse(subject.evidence))
        unit = units.get(provider.units[0])
        if not unit.exists:
            raise RemedyError(f"{provider.units[0]} is not there ({unit.load_state}): unmask it, or reinstall kdump")
        loaded = "loaded" if reservation.loaded else "not loaded"
        changes = {
            unit.name: {"old": unit.state, "new": "active (exited)"},
            "capture kernel": {"old": loaded, "new": "loaded anew"},
        }
        settings = {
            "initrd": provider.initrd(kernels.running),
            "unit": provider.units[0],
            "early": provider.units[-1],
            "lister": provider.lister,
            "patience": str(script.PATIENCE),
        }
        comment = f"restart {unit.name} and see that a capture kernel is loaded"
        return Action(comment, changes, script.compose("service_restart", settings), seconds=4 * script.PATIENCE)


REMEDY = ServiceRestart()
