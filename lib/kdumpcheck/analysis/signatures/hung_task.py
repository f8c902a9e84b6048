# SPDX-License-Identifier: Apache-2.0
"""Tasks that waited too long."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="hung-task",
    title="a task was blocked for too long",
    meaning=(
        "kernel.hung_task_panic is set, and a task waited in the kernel, as a rule for a disk or a network "
        "filesystem, for longer than kernel.hung_task_timeout_secs. The device or server it waited for is the "
        "cause, not the task."
    ),
    todo=(
        "See which task was blocked and on what (the lines before, or 'ps -m | grep UN' and 'bt PID' in "
        "crash): look at the disks and the servers of network filesystems of that time."
    ),
    source="kernel kernel/hung_task.c",
    matches=panicked(r"hung_task: blocked tasks"),
)
