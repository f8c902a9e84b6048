# SPDX-License-Identifier: Apache-2.0
"""Faults of the memory reservation."""

from __future__ import annotations

from typing import Final, Literal

from kdumpcheck.lab.faults.fault import DEBIAN, LEGACY, NEW, RHEL, Fault
from kdumpcheck.lab.faults.tools import FORGET_GRUB, RENEW_GRUB


def _booted_with(
    words: tuple[str, ...],
    *,
    id: str,  # noqa: A002 - it is the fault's id
    title: str,
    expects: tuple[str, ...] = (),
    warns: tuple[str, ...] = (),
    outcome: Literal["dump", "none"] = "none",
    needs: Literal["vm", "any"] = "any",
    dialects: tuple[str, ...] = (*LEGACY, *NEW),
) -> Fault:
    said = " ".join(f"crashkernel={word}" for word in words) or "no crashkernel="
    return Fault(
        id=id,
        title=title,
        effect=f"boots the node with {said} on its kernel command line; it stays over reboots",
        undo="boots the node with its own crashkernel= again",
        expects=expects,
        warns=warns,
        outcome=outcome,
        needs=needs,
        dialects=dialects,
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        drop=("crashkernel",),
        add=tuple(f"crashkernel={word}" for word in words),
    )


FAULTS: Final = (
    Fault(
        id="no-crashkernel",
        title="The kernel was booted without crashkernel=",
        effect="boots the node without crashkernel= on its kernel command line; it stays away over reboots",
        undo="boots the node with crashkernel= again",
        expects=("crashkernel.present",),
        outcome="none",
        dialects=(*LEGACY, *NEW, *DEBIAN, *RHEL),
        break_shell=FORGET_GRUB,
        heal_shell=RENEW_GRUB,
        drop=("crashkernel",),
    ),
    _booted_with(
        ("160M", "64M,high"),
        id="crashkernel-mixed",
        title="crashkernel= has a plain size beside a high one, which the kernel then ignores",
        warns=("crashkernel.wellformed",),
        outcome="dump",
    ),
    _booted_with(
        ("160M,low",),
        id="crashkernel-low-alone",
        title="crashkernel= asks for low memory only, and so for none",
        expects=("crashkernel.wellformed",),
    ),
    _booted_with(
        ("8G",),
        id="crashkernel-too-large",
        title="crashkernel= asks for more memory than the node has",
        expects=("crashkernel.reserved",),
    ),
    _booted_with(
        ("4G-:256M",),
        id="crashkernel-range-not-met",
        title="crashkernel= gives no size for a node of this much memory",
        expects=("crashkernel.reserved",),
    ),
    _booted_with(
        ("96M",),
        id="crashkernel-96M",
        title="crashkernel= is large enough to load a capture kernel and too small to boot it",
        expects=("crashkernel.enough",),
        needs="vm",  # it takes a kernel to say how large it is
    ),
    _booted_with(
        ("64M",),
        id="crashkernel-64M",
        title="crashkernel= is far too small",
        expects=("crashkernel.enough",),
        dialects=(*LEGACY, *NEW, *RHEL),
        needs="vm",  # it takes a kernel to say how large it is
    ),
)
