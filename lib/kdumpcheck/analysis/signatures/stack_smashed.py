# SPDX-License-Identifier: Apache-2.0
"""A stack that was overwritten."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="stack-smashed",
    title="a kernel stack was overwritten",
    meaning=(
        "A function wrote past its place on the stack, or the stack overflowed. The function named here is "
        "where it was noticed."
    ),
    todo="Suspect the function named here and the modules on the stack; look for a newer kernel or driver.",
    source="kernel kernel/panic.c, __stack_chk_fail()",
    matches=panicked(r"stack-protector: Kernel stack is corrupted|kernel stack overflow|corrupted stack end detected"),
)
