# SPDX-License-Identifier: Apache-2.0
"""The first process ended."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="init-killed",
    title="the first process (init) ended",
    meaning=(
        "Process 1 ended, and a kernel cannot go on without it: a crash of systemd, an initrd whose init "
        "failed, or a root filesystem whose libraries could no longer be read."
    ),
    todo=(
        "exitcode=0x0000000b is a crash of systemd, 0x00000100 an init script that failed. Look at the disk "
        "of the root filesystem first."
    ),
    source="kernel kernel/exit.c, do_exit()",
    matches=panicked(r"Attempted to kill init"),
)
