# SPDX-License-Identifier: Apache-2.0
"""An NMI that asked for it."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="hardware-nmi",
    title="an NMI made it panic",
    meaning=(
        "A non-maskable interrupt came that nobody claimed, or that the hardware's watchdog sent: somebody "
        "pressed the NMI button of the BMC to get a dump, a watchdog ran out, or the hardware reported an "
        "error."
    ),
    todo="Ask whether somebody sent it ('chassis power diag'); else read the BMC's event log of that time.",
    source="kernel arch/x86/kernel/nmi.c",
    matches=panicked(r"NMI: Not continuing|NMI: IOCK error|NMI error|An NMI occurred|nmi watchdog|hpwdt"),
)
