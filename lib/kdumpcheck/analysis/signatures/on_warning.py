# SPDX-License-Identifier: Apache-2.0
"""A warning made it panic."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="on-warning",
    title="a warning was made a panic (panic_on_warn)",
    meaning=(
        "kernel.panic_on_warn is set, and the kernel warned of something. The warning before the panic is "
        "what is to be looked into."
    ),
    todo="Unless the node is for testing, set kernel.panic_on_warn=0; look into the warning itself.",
    source="kernel kernel/panic.c, check_panic_on_warn()",
    matches=panicked(r"panic_on_warn set"),
)
