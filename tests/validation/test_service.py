# SPDX-License-Identifier: Apache-2.0
"""Is kdump armed: enabled at boot, started, and its capture kernel really loaded?

A green kdump.service proves little: it stays "active" after it ran, whatever became of what it loaded.
"""

from __future__ import annotations

from kdumpcheck import Severity, check, expect, not_applicable, prefer
from kdumpcheck.facts import Journal, Packages, Reservation, Units
from kdumpcheck.facts.units import Unit
from kdumpcheck.providers import Provider


@check(
    "service.enabled",
    title="kdump starts at boot",
    remedy="service.enable",
    instruction="systemctl enable kdump.service kdump-early.service",
    source="metal-provision group_vars/metal/services.suse.x86_64.yml",
)
def test_kdump_is_enabled(units: Units, kdump: Provider) -> None:
    """What is loaded stays so until the next boot; from then on only an enabled unit loads anything."""
    first, *others = (units.get(name) for name in kdump.units)
    expect(is_enabled(first), expected=f"{first.name} enabled", found=f"{first.name} {enabling(first)}")
    for unit in others:
        prefer(is_enabled(unit), expected=f"{unit.name} enabled", found=f"{unit.name} {enabling(unit)}")


@check(
    "service.active",
    title="kdump has started",
    remedy="service.restart",
    instruction="journalctl -b -u kdump.service tells why it did not; then systemctl restart kdump.service",
    source="openSUSE/kdump init/kdump.service (oneshot, RemainAfterExit)",
    follows=(
        "kdumpconf.settings",
        "kdumpconf.target",
        "service.enabled",
        "crashkernel.present",
        "crashkernel.reserved",
        "crashkernel.enough",
        "initrd.readable",
    ),
    judges="node",
)
def test_kdump_is_active(units: Units, reservation: Reservation, kdump: Provider) -> None:
    """A crash boots what is loaded, by whatever unit: kdump-early.service loads, and kdump.service finds it busy.

    Stopping kdump.service unloads.
    """
    unit = units.get(kdump.units[0])
    waited = f" after {units.waited} s of waiting" if unit.active_state == "activating" else ""
    active = unit.active_state == "active" and unit.result == "success"
    expected, found = f"{unit.name or kdump.units[0]} active", f"{unit.name or kdump.units[0]} {unit.state}{waited}"
    expect(active or reservation.loaded, expected=expected, found=found)
    prefer(active, expected=expected, found=f"{found}, and a capture kernel loaded all the same")


@check(
    "service.loaded",
    title="A capture kernel is loaded",
    remedy="service.restart",
    instruction="systemctl restart kdump.service, and read journalctl -b -u kdump.service when it is still not loaded",
    source="Linux ABI sysfs-kernel-kexec (kexec_crash_loaded)",
    follows=(
        "kdumpconf.settings",
        "crashkernel.present",
        "crashkernel.reserved",
        "service.active",
        "initrd.present",
        "initrd.readable",
    ),
)
def test_a_capture_kernel_is_loaded(reservation: Reservation) -> None:
    expect(
        reservation.loaded,
        expected="/sys/kernel/kexec_crash_loaded is 1",
        found=f"it is {int(reservation.loaded)}",
    )


@check(
    "service.packages",
    title="The packages that kdump works with are installed",
    severity=Severity.WARN,
    instruction="zypper install kexec-tools makedumpfile, then systemctl restart kdump.service",
    source="openSUSE/kdump kdump.spec (Requires)",
)
def test_what_kdump_works_with_is_installed(packages: Packages) -> None:
    """What is loaded still dumps; but without kexec nothing is loaded again, and without makedumpfile nothing saves."""
    missing = [name for name in ("kexec-tools", "makedumpfile") if not packages.rpm.get(name)]
    expect(
        not missing,
        expected="kexec-tools and makedumpfile",
        found=f"no {' and no '.join(missing)}" if missing else "both",
    )


def is_enabled(unit: Unit) -> bool:
    """Whether systemd starts it at boot."""
    return unit.exists and unit.enabled_state == "enabled"


def enabling(unit: Unit) -> str:
    """The state in systemd's word."""
    return unit.enabled_state or unit.load_state


@check(
    "service.journal",
    title="The last start of kdump went without errors that it kept to itself",
    severity=Severity.WARN,
    instruction="journalctl -b -u kdump.service -u kdump-early.service tells all of it. Make room, or wait for the "
    "other start to end, then systemctl restart kdump.service.",
    source="openSUSE/kdump init/load.sh (before 1.0 a failed mkdumprd was swallowed: commit 33abc7c), boo#1196335 "
    "(kdump and kdump-early load at the same time: busy)",
    follows=("service.active",),
)
def test_last_start_was_without_errors(journal: Journal) -> None:
    """A build that failed leaves the old initrd, which is loaded as if nothing had been; the unit is green."""
    if not journal.started and not journal.troubles:
        not_applicable("the journal of this boot knows no start of kdump.service")
    expect(
        not journal.troubles,
        expected="no failed build or load since kdump.service was last started",
        found=journal.troubles[-1] if journal.troubles else "none in the journal",
    )
