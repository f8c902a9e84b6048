# SPDX-License-Identifier: Apache-2.0
"""Faults of the memory reservation."""

from __future__ import annotations

from typing import Final

from kdumpcheck.lab.faults.fault import Fault

FAULTS: Final = (
    Fault(
        id="no-crashkernel",
        title="The kernel was booted without crashkernel=",
        effect="boots the node without crashkernel= on its kernel command line; it stays away over reboots",
        undo="boots the node with crashkernel= again",
        expects=("crashkernel.present",),
        drop=("crashkernel",),
    ),
)
