# SPDX-License-Identifier: Apache-2.0
"""A crash by request."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="sysrq",
    title="somebody crashed it on purpose",
    meaning=(
        "The crash was asked for by sysrq (echo c >/proc/sysrq-trigger, or the key on a console): a test of "
        "kdump, or a person who wanted the memory of a hung node."
    ),
    todo=(
        "If it was a test, nothing: the dump can be removed. Else ask who did it; the task named here is the "
        "shell that wrote to /proc/sysrq-trigger."
    ),
    source="kernel drivers/tty/sysrq.c, sysrq_handle_crash()",
    matches=panicked(r"sysrq triggered crash|[Tt]rigger a crash"),
)
