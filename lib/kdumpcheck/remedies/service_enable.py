# SPDX-License-Identifier: Apache-2.0
"""`service.enable`: have systemd start kdump's units at boot. Nothing is started or loaded now."""

from __future__ import annotations

from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Units
from kdumpcheck.remedies import script
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEnable(Traits):
    """The remedy for a kdump that would not be armed after the next boot."""

    name: str = "service.enable"
    title: str = "Enable kdump's units"

    def plan(self, subject: Subject) -> Action:
        """Plan to enable those units that are not."""
        provider, units = known(subject.provider), known(Units.parse(subject.evidence))
        wrong = [unit for unit in map(units.get, provider.units) if unit.enabled_state != "enabled"]
        for name, unit in zip(provider.units, map(units.get, provider.units), strict=True):
            if unit.load_state == "masked" or unit.enabled_state.startswith("masked"):
                raise RemedyError(f"{name} is masked, which somebody did on purpose: ask, then systemctl unmask {name}")
            if not unit.exists:
                package = provider.saving.package
                raise RemedyError(f"{name} is not there ({unit.load_state}): reinstall the package {package}")
        names = " ".join(unit.name for unit in wrong)
        changes = {unit.name: {"old": unit.enabled_state or "not enabled", "new": "enabled"} for unit in wrong}
        text = script.compose("service_enable", {"units": " ".join(provider.units)})
        return Action(f"enable {names or 'nothing'}", changes, text, seconds=120)


REMEDY = ServiceEnable()
