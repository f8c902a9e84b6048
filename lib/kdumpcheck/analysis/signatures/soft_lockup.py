# SPDX-License-Identifier: Apache-2.0
"""A CPU that did not let others run."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="soft-lockup",
    title="a CPU did not let any other task run (soft lockup)",
    meaning=(
        "kernel.softlockup_panic is set, and a CPU stayed in the kernel for longer than twice "
        "kernel.watchdog_thresh: an endless loop, a spin lock that is never released, or a virtual machine "
        "that was not given its CPU."
    ),
    todo=(
        "The task and the function named here were running. On bare metal look for a mend of that function; "
        "on a virtual machine look at the host's load first."
    ),
    source="kernel kernel/watchdog.c",
    matches=panicked(r"softlockup: hung tasks|soft lockup - CPU"),
)
