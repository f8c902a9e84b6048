# SPDX-License-Identifier: Apache-2.0
"""`initrd.rebuild`: purge the running kernel's kdump initrd and have kdump build a new one.

The vendor's page does it with `rm -f /boot/initrd-*-kdump; systemctl restart kdump.service`, which leaves the node with
no initrd at all when the rebuild fails. Here the old one is moved aside until the new one is proven.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from importlib import resources

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Initrds, Kernels, Reservation
from kdumpcheck.providers import Provider
from kdumpcheck.remedies.remedy import Action, RemedyError

#: Seconds that one restart of kdump may take: 10-30 on metal, 120 in an emulated node.
PATIENCE = 300


@dataclass(frozen=True, slots=True)
class InitrdRebuild:
    """The remedy for a kdump initrd that is missing, unreadable or out of date."""

    name: str = "initrd.rebuild"
    title: str = "Rebuild the kdump initrd"

    def plan(self, subject: Subject) -> Action:
        """Plan the rebuild for the running kernel's initrd."""
        provider: Provider = known(subject.provider)
        reservation = known(Reservation.parse(subject.evidence))
        kernels, initrds = known(Kernels.parse(subject.evidence)), known(Initrds.parse(subject.evidence))
        if not reservation.reserved:
            raise RemedyError("no crash memory is reserved: set crashkernel= and reboot first, no initrd helps before")
        path, unit = provider.initrd(kernels.running), provider.units[0]
        old = initrds.get(path)
        changes = {path: {"old": f"{old.size} bytes of {old.mtime}" if old else "absent", "new": f"built by {unit}"}}
        verb = f"move {path} aside, " if old else ""
        comment = f"{verb}restart {unit}, prove the new {path} and the loaded capture kernel, or put all back"
        return Action(comment, changes, _script(path, provider.units), seconds=3 * PATIENCE)


def _script(initrd: str, units: tuple[str, ...]) -> str:
    settings = {"initrd": initrd, "unit": units[0], "early": units[-1], "patience": str(PATIENCE)}
    assignments = "\n".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
    body = resources.files("kdumpcheck.remedies").joinpath("initrd_rebuild.sh").read_text(encoding="utf-8")
    return f"{assignments}\n{body}"


REMEDY = InitrdRebuild()
