# SPDX-License-Identifier: Apache-2.0
"""A NULL pointer in the kernel."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="null-pointer",
    title="the kernel used a NULL pointer",
    meaning=(
        "Code of the kernel or of a module read or wrote through a pointer that was not set: a mistake in "
        "that code, at the place named here."
    ),
    todo=(
        "Look for a newer kernel or driver that mends the function named here; give support the dump and the "
        "trace. The first suspect below is where to begin."
    ),
    source="kernel arch/x86/mm/fault.c, show_fault_oops()",
    matches=panicked(r"NULL pointer dereference"),
)
