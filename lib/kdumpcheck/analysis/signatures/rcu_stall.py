# SPDX-License-Identifier: Apache-2.0
"""A CPU that never came by."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="rcu-stall",
    title="a CPU did not pass through the scheduler (RCU stall)",
    meaning=(
        "kernel.panic_on_rcu_stall is set, and a CPU did not report for longer than the stall limit: it was "
        "stuck in the kernel, or was not running."
    ),
    todo="Look at the stalled CPU's trace in the lines before; treat it as a lockup of that CPU.",
    source="kernel Documentation/RCU/stallwarn.rst",
    matches=panicked(r"RCU Stall"),
)
