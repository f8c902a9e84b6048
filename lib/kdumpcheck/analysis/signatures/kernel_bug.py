# SPDX-License-Identifier: Apache-2.0
"""An assertion of the kernel."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="kernel-bug",
    title="the kernel met a state that it holds to be impossible",
    meaning=("An assertion in the kernel's or a module's source failed (BUG). The file and line named here say which."),
    todo=(
        "Look up file and line in the source of this very kernel, or give them to support; a newer kernel may "
        "have it mended."
    ),
    source="kernel include/asm-generic/bug.h",
    matches=panicked(r"kernel BUG at"),
)
