# SPDX-License-Identifier: Apache-2.0
"""Each fault is noticed by the checks it names, by no other, and gone without a trace when it is healed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from itertools import islice

import pytest
from selftest.lab.conftest import CONTAINERS
from selftest.lab.live import COMMAND_SECONDS, LiveLab

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


Complaints = dict[str, set[tuple[str, str]]]


def complaints(live: LiveLab, *nodes: str) -> Complaints:
    """The checks that are not content with each of these nodes, and how they say so: one run of the suite."""
    found: Complaints = {node: set() for node in nodes}
    for node, check, outcome in live.judge(*nodes):
        if check != UNSTEADY and outcome not in ("pass", "skip"):
            found[node].add((check, outcome))
    return found


@pytest.fixture(scope="module")
def calm(fleet: LiveLab) -> Complaints:
    """What is said of healthy containers: they have neither disks nor a kernel of their own."""
    return complaints(fleet, *CONTAINERS)


@pytest.fixture
def nodes(fleet: LiveLab) -> Iterator[tuple[str, ...]]:
    yield CONTAINERS
    for node in CONTAINERS:
        if fleet.record(node).faults:
            fleet.do("heal", node, "--restore")


@pytest.fixture
def node(nodes: tuple[str, ...]) -> str:
    return CONTAINER


def batched(faults: Iterable[Fault], size: int) -> Iterator[list[Fault]]:
    left = iter(faults)
    while batch := list(islice(left, size)):
        yield batch


#: As many at once as there are nodes, each on one of its own: looking at all costs little more than looking at one.
BATCHES = [
    dict(zip(CONTAINERS, batch, strict=False))
    for batch in batched(
        (fault for fault in FAULTS.values() if fault.fits("container") and "suse_legacy" in fault.dialects),
        len(CONTAINERS),
    )
]


@pytest.mark.parametrize("faults", BATCHES, ids=lambda faults: "-and-".join(fault.id for fault in faults.values()))
def test_a_fault_is_noticed_on_its_node_alone_and_healed(
    fleet: LiveLab, nodes: tuple[str, ...], calm: Complaints, faults: dict[str, Fault]
) -> None:
    before = {node: fleet.run(node, FINGERPRINT) for node in faults}
    for node, fault in faults.items():
        fleet.do("break", node, fault.id)
    found = complaints(fleet, *nodes)
    expected = {node: fault_tells(faults[node]) if node in faults else set() for node in nodes}
    assert {node: found[node] - calm[node] for node in nodes} == expected
    for node, fault in faults.items():
        fleet.do("heal", node, fault.id)
    assert complaints(fleet, *nodes) == calm
    for node, fault in faults.items():
        now = without_times_of_directories(fleet.run(node, FINGERPRINT))
        assert now == without_times_of_directories(before[node]), fault.id


def fault_tells(fault: Fault) -> set[tuple[str, str]]:
    return {(check, "fail") for check in fault.expects} | {(check, "warn") for check in fault.warns}


def without_times_of_directories(listing: str) -> list[str]:
    # A file that came and went leaves its directory with another time, and no check looks at that.
    return [line for line in listing.splitlines() if not line.startswith("d")]


def test_all_faults_at_once_are_healed_last_first(fleet: LiveLab, node: str, calm: Complaints) -> None:
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
    assert complaints(fleet, node) == {node: calm[node]}


def test_the_same_fault_twice_is_told(fleet: LiveLab, node: str) -> None:
    fleet.do("break", node, "initrd-stale")
    again = fleet.kdumpcheck("lab", "break", node, "initrd-stale")
    assert again.returncode == 1
    assert f"{node} has the fault initrd-stale already; `kdumpcheck lab heal {node}` takes it away" in again.stderr
    fleet.do("heal", node)


def test_a_fault_that_does_not_work_is_not_remembered(fleet: LiveLab, node: str, calm: Complaints) -> None:
    fleet.do("break", node, "initrd-missing")
    refused = fleet.kdumpcheck("lab", "break", node, "initrd-other-kernel")
    assert refused.returncode == 1
    assert "nothing to break" in refused.stderr
    assert fleet.record(node).faults == ("initrd-missing",)
    fleet.do("heal", node)
    assert complaints(fleet, node) == {node: calm[node]}


def test_a_healthy_node_has_nothing_to_heal(fleet: LiveLab, node: str) -> None:
    done = fleet.kdumpcheck("lab", "heal", node)
    assert (done.returncode, done.stderr) == (1, f"kdumpcheck lab: {node} has no fault to heal\n")


def test_dumps_saved_beside_the_real_directory_are_not_lost(fleet: LiveLab, node: str) -> None:
    orphan = "2026-11-22-21:10"
    fleet.do("break", node, "crash-link-is-directory")
    fleet.run(node, f"cd /run/initramfs/overlayfs/crash; mkdir {orphan}; echo x >{orphan}/vmcore\n")
    fleet.do("heal", node)
    assert fleet.run(node, f"cd /var/crash; cat {orphan}/vmcore; rm -r {orphan}\n") == "x\n"


def test_restoring_a_container_takes_everything_away(fleet: LiveLab, node: str, calm: Complaints) -> None:
    fleet.do("break", node, "initrd-missing")
    fleet.run(node, "touch /etc/not-from-here\n")
    fleet.do("heal", node, "--restore")
    assert fleet.record(node).faults == ()
    assert complaints(fleet, node) == {node: calm[node]}
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
    # A node that its BMC has just switched on is up for the lab, and may still be booting.
    live.do("up", "--containers", node)
    end = time.monotonic() + COMMAND_SECONDS
    while (done := live.kdumpcheck("lab", "ssh", node, script)).returncode != 0:
        assert time.monotonic() < end, f"{node} does not answer: {done.stderr}"
    return done.stdout


def test_a_vm_is_restored_without_its_faults(lab: LiveLab) -> None:
    # That each fault can be broken and healed on a VM is shown in test_detection.py.
    for fault in ("initrd-missing", "boot-link-absolute"):
        lab.do("break", VM, fault)
    before = lab.process(VM)
    lab.do("heal", VM, "--restore")
    assert lab.process(VM) != before
    assert lab.record(VM).faults == ()
    assert complaints(lab, VM) == {VM: set()}
