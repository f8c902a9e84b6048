# SPDX-License-Identifier: Apache-2.0
"""No memory, and nobody to kill."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, said

SIGNATURE = Signature(
    name="out-of-memory",
    title="the node ran out of memory and nothing was left to kill",
    meaning="The kernel needed memory and found no process that it may kill, or vm.panic_on_oom is set.",
    todo=(
        "See the task list in the out-of-memory report before the panic for who held the memory; look for a "
        "leak in the kernel when the sum of all processes is small ('kmem -i' and 'kmem -s' in crash)."
    ),
    source="kernel mm/oom_kill.c",
    matches=said(r"System is deadlocked on memory|Out of memory and no killable|compulsory panic_on_oom"),
)
