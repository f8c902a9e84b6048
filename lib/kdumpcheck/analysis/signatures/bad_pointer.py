# SPDX-License-Identifier: Apache-2.0
"""A pointer to nowhere."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="bad-pointer",
    title="the kernel used a pointer to nowhere",
    meaning=(
        "An address that belongs to nothing was used: memory that was freed before, or that somebody "
        "overwrote. The code that failed may be the victim and not the culprit."
    ),
    todo=(
        "If it fails at another place each time, suspect memory corruption: check the BMC's log for memory "
        "errors, and modules from outside the kernel's tree first."
    ),
    source="kernel arch/x86/mm/fault.c, arch/x86/kernel/traps.c",
    matches=panicked(r"unable to handle page fault|[Uu]nable to handle kernel paging request|general protection fault"),
)
