# SPDX-License-Identifier: Apache-2.0
"""The hardware said so itself."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, said

SIGNATURE = Signature(
    name="machine-check",
    title="the hardware reported an error that cannot be corrected (machine check)",
    meaning="The CPU reported an uncorrectable error of itself, of memory or of a bus. Software is not the cause.",
    todo=(
        "Read the BMC's event log for the component of that time, decode the [Hardware Error] lines, and "
        "replace it. Do not put the node back to work before."
    ),
    source="kernel arch/x86/kernel/cpu/mce/core.c",
    matches=said(
        r"[Ff]atal machine check|Machine check from unknown source|Uncorrected hardware memory error in kernel"
        r"|mce: \[Hardware Error\]: CPU \d+: Machine Check"
    ),
)
