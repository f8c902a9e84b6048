# SPDX-License-Identifier: Apache-2.0
"""Is memory set aside for the capture kernel?

When the kernel dies, a second one takes over in memory that the first reserved at boot. Without that memory there is
nowhere to boot it, and no dump.
"""

from __future__ import annotations

from kdumpcheck import check, expect
from kdumpcheck.facts import Crashkernel, Reservation
from kdumpcheck.facts.lines import size

ADD_IT = "Set crashkernel= in the node's boot parameters (BSS, and grub.cfg on BOOTRAID), then reboot the node."


@check(
    "crashkernel.present",
    title="The kernel was asked to reserve crash memory",
    instruction=ADD_IT,
    source="docs-csm background/ncn_kernel.md; Linux Documentation/admin-guide/kdump/kdump.rst",
)
def test_crashkernel_is_on_the_command_line(crashkernel: Crashkernel) -> None:
    expect(
        crashkernel.requests,
        expected="crashkernel= on the kernel command line",
        found=crashkernel.as_written,
    )


@check(
    "crashkernel.wellformed",
    title="The crashkernel arguments mean what they say",
    instruction="Give either one plain size, or one size,high with one size,low; " + ADD_IT,
    source="Linux kernel/crash_reserve.c parse_crashkernel(); docs-csm CASMTRIAGE-7232",
    follows=("crashkernel.present",),
)
def test_crashkernel_is_well_formed(crashkernel: Crashkernel) -> None:
    expect(
        crashkernel.problem is None,
        expected="one plain crashkernel=, or one high with at most one low",
        found=f"{crashkernel.as_written} ({crashkernel.problem})" if crashkernel.problem else crashkernel.as_written,
    )


@check(
    "crashkernel.reserved",
    title="The kernel really reserved crash memory",
    instruction="Ask for less or for another place (the kernel log says why it refused), then reboot the node.",
    source="Linux ABI sysfs-kernel-kexec; docs-csm CASMTRIAGE-7232",
    follows=("crashkernel.present", "crashkernel.wellformed"),
)
def test_crash_memory_is_really_reserved(reservation: Reservation) -> None:
    expect(
        reservation.reserved > 0,
        expected="crash memory in /proc/iomem and /sys/kernel/kexec_crash_size",
        found=f"{size(reservation.reserved)} reserved",
    )
    expect(
        not reservation.refusals,
        expected="no complaint about crash memory in the kernel log",
        found=reservation.refusals[0] if reservation.refusals else "no complaint",
    )
