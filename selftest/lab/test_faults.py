# SPDX-License-Identifier: Apache-2.0
"""Each fault is noticed by the checks it names, by no other, and gone without a trace when it is healed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selftest.lab.live import LiveLab

from kdumpcheck.lab.faults import FAULTS, Fault

CONTAINER = "ncn-w101"
VM = "ncn-w001"
# Everything a fault may touch; times matter, for a stale initrd is nothing but a time.
FINGERPRINT = """
    ls -lR --time-style=full-iso /boot /etc/sysconfig/kdump /etc/systemd/system /var/lib/kdumpcheck-lab 2>/dev/null |
        grep -v '^total' | grep -v ' \\.$' | grep -v ' \\.\\.$'
    ls -l /run/initramfs/overlayfs | sed 's/[A-Z][a-z][a-z] [ 0-9:]* / /' | grep -v '^total'
    cat /proc/cmdline /sys/kernel/kexec_crash_size
    systemctl is-active kdump.service
    """


#: A container has the memory of its host: whether a dump of that fits ROOTRAID changes with what else runs there.
UNSTEADY = "dumps.space"


def complaints(live: LiveLab, node: str) -> set[tuple[str, str]]:
    """The checks that are not content with a node, and how they say so."""
    judged = {check: outcome for check, outcome in live.judge(node).items() if check != UNSTEADY}
    return {(check, outcome) for check, outcome in judged.items() if outcome not in ("pass", "skip")}


@pytest.fixture(scope="module")
def calm(fleet: LiveLab) -> set[tuple[str, str]]:
    """What is said of a healthy container: it has neither disks nor a kernel of its own."""
    return complaints(fleet, CONTAINER)


@pytest.fixture
def node(fleet: LiveLab) -> Iterator[str]:
    yield CONTAINER
    if fleet.record(CONTAINER).faults:
        fleet.do("heal", CONTAINER, "--restore")


@pytest.mark.parametrize(
    "fault",
    [fault for fault in FAULTS.values() if fault.fits("container") and "suse_legacy" in fault.dialects],
    ids=lambda f: f.id,
)
def test_a_fault_is_noticed_and_healed(fleet: LiveLab, node: str, calm: set[tuple[str, str]], fault: Fault) -> None:
    before = fleet.run(node, FINGERPRINT)
    fleet.do("break", node, fault.id)
    expected = {(check, "fail") for check in fault.expects} | {(check, "warn") for check in fault.warns}
    assert complaints(fleet, node) - calm == expected
    fleet.do("heal", node, fault.id)
    assert complaints(fleet, node) == calm
    assert without_times_of_directories(fleet.run(node, FINGERPRINT)) == without_times_of_directories(before)


def without_times_of_directories(listing: str) -> list[str]:
    # A file that came and went leaves its directory with another time, and no check looks at that.
    return [line for line in listing.splitlines() if not line.startswith("d")]


def test_all_faults_at_once_are_healed_last_first(fleet: LiveLab, node: str, calm: set[tuple[str, str]]) -> None:
    chosen = [
        "no-crashkernel",
        "initrd-other-kernel",
        "crash-link-is-directory",
        "boot-link-absolute",
        "service-failed",
    ]
    for fault in chosen:
        fleet.do("break", node, fault)
    assert fleet.record(node).faults == tuple(chosen)
    assert all(fault in fleet.do("status") for fault in chosen)
    fleet.do("heal", node)
    assert fleet.record(node).faults == ()
    assert complaints(fleet, node) == calm


def test_the_same_fault_twice_is_told(fleet: LiveLab, node: str) -> None:
    fleet.do("break", node, "initrd-stale")
    again = fleet.kdumpcheck("lab", "break", node, "initrd-stale")
    assert again.returncode == 1
    assert f"{node} has the fault initrd-stale already; `kdumpcheck lab heal {node}` takes it away" in again.stderr
    fleet.do("heal", node)


def test_a_fault_that_does_not_work_is_not_remembered(fleet: LiveLab, node: str, calm: set[tuple[str, str]]) -> None:
    fleet.do("break", node, "initrd-missing")
    refused = fleet.kdumpcheck("lab", "break", node, "initrd-other-kernel")
    assert refused.returncode == 1
    assert "nothing to break" in refused.stderr
    assert fleet.record(node).faults == ("initrd-missing",)
    fleet.do("heal", node)
    assert complaints(fleet, node) == calm


def test_a_healthy_node_has_nothing_to_heal(fleet: LiveLab, node: str) -> None:
    done = fleet.kdumpcheck("lab", "heal", node)
    assert (done.returncode, done.stderr) == (1, f"kdumpcheck lab: {node} has no fault to heal\n")


def test_dumps_saved_beside_the_real_directory_are_not_lost(fleet: LiveLab, node: str) -> None:
    orphan = "2026-11-22-21:10"
    fleet.do("break", node, "crash-link-is-directory")
    fleet.run(node, f"cd /run/initramfs/overlayfs/crash; mkdir {orphan}; echo x >{orphan}/vmcore\n")
    fleet.do("heal", node)
    assert fleet.run(node, f"cd /var/crash; cat {orphan}/vmcore; rm -r {orphan}\n") == "x\n"


def test_restoring_a_container_takes_everything_away(fleet: LiveLab, node: str, calm: set[tuple[str, str]]) -> None:
    fleet.do("break", node, "initrd-missing")
    fleet.run(node, "touch /etc/not-from-here\n")
    fleet.do("heal", node, "--restore")
    assert fleet.record(node).faults == ()
    assert complaints(fleet, node) == calm
    assert fleet.run(node, "ls /etc/not-from-here 2>/dev/null || echo gone\n") == "gone\n"


def test_a_faulty_command_line_outlives_a_reset(fleet: LiveLab, node: str) -> None:
    fleet.do("break", node, "no-crashkernel")
    fleet.ipmi(node, "power", "reset")
    live_again = (
        "systemctl is-system-running --wait >/dev/null || :; cat /sys/kernel/kexec_crash_size; cat /proc/cmdline\n"
    )
    size, cmdline = until_answers(fleet, node, live_again).splitlines()
    assert size == "0"
    assert "crashkernel" not in cmdline
    fleet.do("heal", node)
    assert "crashkernel=" in fleet.run(node, "cat /proc/cmdline\n")


def until_answers(live: LiveLab, node: str, script: str) -> str:
    # A lab command that finds the node booting waits for it.
    live.do("up", "--containers", node)
    for _ in range(50):
        done = live.kdumpcheck("lab", "ssh", node, script)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError(f"{node} does not answer: {done.stderr}")


def test_a_vm_is_restored_without_its_faults(lab: LiveLab) -> None:
    # That each fault can be broken and healed on a VM is shown in test_detection.py.
    for fault in ("initrd-missing", "boot-link-absolute"):
        lab.do("break", VM, fault)
    before = lab.process(VM)
    lab.do("heal", VM, "--restore")
    assert lab.process(VM) != before
    assert lab.record(VM).faults == ()
    assert complaints(lab, VM) == set()
