# SPDX-License-Identifier: Apache-2.0
"""Is memory set aside for the capture kernel?

When the kernel dies, a second one takes over in memory that the first reserved at boot. Without that memory there is
nowhere to boot it, and no dump.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Calibration, Contents, Crashkernel, Initrds, Kernels, Reservation
from kdumpcheck.facts.lines import size
from kdumpcheck.providers import Provider

RAISE_IT = "Raise crashkernel= in the node's boot parameters (NCNs: 360M, or 512M,high with 72M,low), then reboot"
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
    """What contradicts itself still reserves something, though not all that was meant."""
    written, problem, contradiction = crashkernel.as_written, crashkernel.problem, crashkernel.contradiction
    expect(
        problem is None,
        expected="sizes that the kernel can read and reserve",
        found=f"{written} ({problem})" if problem else written,
    )
    prefer(
        contradiction is None,
        expected="one plain crashkernel=, or one high with at most one low",
        found=f"{written} ({contradiction})" if contradiction else written,
    )


@check(
    "crashkernel.reserved",
    title="The kernel really reserved crash memory",
    instruction="Ask for less or for another place (the kernel log says why it refused), then reboot the node.",
    source="Linux ABI sysfs-kernel-kexec; docs-csm CASMTRIAGE-7232",
    follows=("crashkernel.present", "crashkernel.wellformed"),
)
def test_crash_memory_is_really_reserved(reservation: Reservation, crashkernel: Crashkernel) -> None:
    expect(
        reservation.reserved > 0,
        expected="crash memory in /proc/iomem and /sys/kernel/kexec_crash_size",
        found=f"{size(reservation.reserved)} reserved",
    )
    # A kernel that could not have what it must have gives all of it back; beside a reservation it is about less (cma).
    prefer(
        not reservation.refusals,
        expected="no complaint about crash memory in the kernel log",
        found=reservation.refusals[0] if reservation.refusals else "no complaint",
    )
    prefer(
        reservation.reserved >= crashkernel.asked_for,
        expected=f"all of what {crashkernel.as_written} asks for",
        found=f"{size(reservation.reserved)} reserved",
    )


#: What the capture kernel needs beside its own image and the initrd: its tables, udev, makedumpfile. Measured by
#: crashing nodes of either line of kdump: with 42.9 MiB beside them they ran out of memory, with 43.4 MiB they dumped.
#: Debian's kdump-tools, which boots the whole root, saved nothing with 38.7 MiB, and dumped with 44.7 MiB.
WORKING_ROOM = 43 * 2**20
#: A kernel with memory above 4 GiB sets so much aside below it, to copy through what 32-bit devices read and write.
BOUNCE_BUFFERS = 64 * 2**20


@check(
    "crashkernel.enough",
    title="The reserved memory is enough to boot and to save",
    instruction=RAISE_IT + "; or make the initrd smaller (module_blacklist, omit_drivers).",
    source="Linux Documentation/admin-guide/kdump/kdump.rst, kernel-parameters.txt (crashkernel=size,low: swiotlb); "
    "rhkdump kdump-utils kdumpctl estimate; seen with 96M: loaded, and out of memory after the crash",
    follows=(
        "crashkernel.present",
        "crashkernel.wellformed",
        "crashkernel.reserved",
        "initrd.present",
        "initrd.readable",
    ),
)
def test_crash_memory_is_enough(
    reservation: Reservation, initrds: Initrds, contents: Contents, kernels: Kernels, kdump: Provider
) -> None:
    """While it boots, the capture kernel holds itself, the initrd as it was loaded, and the initrd unpacked."""
    path = kdump.initrd(kernels.running)
    initrd, opened = initrds.get(path), contents.get(path)
    if initrd is None or opened is None:
        not_applicable(f"there is no {path} to measure")
    needed = reservation.kernel_size + initrd.size + opened.unpacked + WORKING_ROOM
    parts = f"kernel {size(reservation.kernel_size)}, initrd {size(initrd.size)}, unpacked {size(opened.unpacked)}"
    found = f"{size(reservation.reserved)} reserved"
    expect(reservation.reserved >= needed, expected=f"at least {size(needed)} ({parts})", found=found)
    comfortable = needed + needed // 10
    low = reservation.low
    if low is not None:
        # An IOMMU may do without them, which shows only after the crash.
        comfortable += BOUNCE_BUFFERS
        prefer(
            low > BOUNCE_BUFFERS,
            expected=f"more than {size(BOUNCE_BUFFERS)} below 4 GiB, for devices that reach no further",
            found=f"{size(low)} there",
        )
    prefer(reservation.reserved >= comfortable, expected=f"{size(comfortable)}, some to spare", found=found)


@check(
    "crashkernel.advised",
    title="The reserved memory is as much as kdump itself would ask for",
    severity=Severity.WARN,
    instruction=RAISE_IT + ".",
    source="openSUSE/kdump kdumptool/calibrate.cc, branches SLE-15-SP4 and SLE-15-SP5",
    follows=("crashkernel.present", "crashkernel.wellformed", "crashkernel.reserved", "crashkernel.enough"),
    providers=("suse_legacy",),
)
def test_crash_memory_is_what_kdump_advises(reservation: Reservation, calibration: Calibration) -> None:
    """A second opinion, on the safe side: kdumptool calibrate counts processors, memory and framebuffers.

    What crashkernel.enough measures of this node's own kernel and initrd decides. From 1.9 on calibrate is not asked,
    since there it makes a directory.
    """
    if not calibration.advised:
        not_applicable("kdumptool calibrate gives no figure on this node")
    expect(
        reservation.reserved >= calibration.advised,
        expected=f"{size(calibration.advised)}, as kdumptool calibrate advises",
        found=f"{size(reservation.reserved)} reserved",
    )
