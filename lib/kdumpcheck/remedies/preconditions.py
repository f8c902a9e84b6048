# SPDX-License-Identifier: Apache-2.0
"""What must hold on a node before any remedy can load a capture kernel there."""

from __future__ import annotations

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import Unknown, known
from kdumpcheck.facts import Reservation, Security
from kdumpcheck.remedies.remedy import RemedyError


def loadable(subject: Subject) -> Reservation:
    """The crash memory. Raises `RemedyError` where nothing can be loaded before a reboot."""
    reservation = known(Reservation.parse(subject.evidence))
    if not reservation.reserved:
        raise RemedyError(
            "no crash memory is reserved: set crashkernel= and reboot first, nothing can be loaded before"
        )
    security = Security.parse(subject.evidence)
    if isinstance(security, Security) and security.kexec_disabled:
        raise RemedyError("kernel.kexec_load_disabled is 1: nothing can be loaded until the node is rebooted")
    provider = known(subject.provider)
    settings = provider.saving.settings(subject.evidence)
    if not isinstance(settings, Unknown) and (off := provider.saving.off(settings)):
        raise RemedyError(f"{off}: set that right first")
    return reservation
