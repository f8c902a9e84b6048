# SPDX-License-Identifier: Apache-2.0
"""A CPU that did not even take interrupts."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="hard-lockup",
    title="a CPU took no interrupts any more (hard lockup)",
    meaning=(
        "A CPU ran with interrupts off for longer than kernel.watchdog_thresh: a deadlock in the kernel, or "
        "firmware that held the CPU (SMM)."
    ),
    todo=(
        "See 'bt -a' in crash for what each CPU did. If the trace makes no sense, look at the firmware: the "
        "BMC's log, and a newer BIOS."
    ),
    source="kernel kernel/watchdog.c, watchdog_hardlockup_check()",
    matches=panicked(r"[Hh]ard LOCKUP"),
)
