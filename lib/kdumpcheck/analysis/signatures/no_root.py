# SPDX-License-Identifier: Apache-2.0
"""A kernel without a root filesystem."""

from __future__ import annotations

from kdumpcheck.analysis.signatures.signature import Signature, panicked

SIGNATURE = Signature(
    name="no-root",
    title="the kernel found no root filesystem",
    meaning=(
        "The kernel could not mount what it was told to be its root: no initrd was loaded, or one for another kernel."
    ),
    todo="Check that the boot loader loads the initrd of this kernel, and that it is whole.",
    source="kernel init/do_mounts.c",
    matches=panicked(r"VFS: Unable to mount root fs|No working init found"),
)
