# SPDX-License-Identifier: Apache-2.0
"""What a node is like when `lab up` says it is there."""

from __future__ import annotations

import time

import pytest
from selftest.lab.live import COMMAND_SECONDS, LiveLab

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.ssh import Ssh

LABS = pytest.mark.parametrize(
    ("fixture", "node"), [("lab", "ncn-w001"), ("fleet", "ncn-w103")], ids=["vm", "container"]
)


@pytest.fixture
def live(request: pytest.FixtureRequest, fixture: str) -> LiveLab:
    found: LiveLab = request.getfixturevalue(fixture)
    return found


#: What is judged of the host in the place of a container.
HOSTS = {
    *("crashkernel.enough", "dumps.space", "fstab.root", "initrd.devices", "initrd.target"),
    *("kernel.sysctls", "service.journal"),
}


@LABS
def test_every_check_of_the_suite_passes(live: LiveLab, node: str) -> None:
    """But for what a container cannot have: disks with names, a kernel of its own, and settings it may write."""
    outcomes = {check: outcome for _, check, outcome in live.judge(node)}
    broken = {check for check, outcome in outcomes.items() if outcome not in {"pass", "skip"}}
    assert broken <= (HOSTS if live.record(node).kind == "container" else set())
    assert list(outcomes.values()).count("pass") > 30


@LABS
def test_a_node_has_its_own_name_and_a_loaded_capture_kernel(live: LiveLab, node: str) -> None:
    script = "uname -n; cat /sys/kernel/kexec_crash_loaded; uname -r; systemctl is-active kdump.service\n"
    name, loaded, release, service = live.run(node, script).split()
    assert (name, loaded, service) == (node, "1", "active")
    assert live.run(node, f"ls /boot/initrd-{release}-kdump\n")


@LABS
def test_the_root_is_an_overlay_whose_upper_layer_is_on_rootraid(live: LiveLab, node: str) -> None:
    script = """
        findmnt -no FSTYPE,SOURCE /
        findmnt -no OPTIONS / | tr , '\\n' | grep upperdir
        findmnt -no FSTYPE /run/initramfs/overlayfs
        lsblk -o MOUNTPOINT -nr /dev/disk/by-label/ROOTRAID
        readlink -f /run/overlayfs
        readlink -f /run/initramfs/overlayfs/crash
        """
    root, upperdir, kind, mounted, upper, crash = live.run(node, script).splitlines()
    assert root.split() == ["overlay", "LiveOS_rootfs"]
    assert upperdir == "upperdir=/run/overlayfs"
    assert (kind, mounted) == ("xfs", "/run/initramfs/overlayfs")
    assert upper.startswith("/run/initramfs/overlayfs/LiveOS/overlay-SQFSRAID-")
    assert crash == f"{upper}/var/crash"


@LABS
def test_the_clock_is_right_even_after_a_saved_state(live: LiveLab, node: str) -> None:
    before = time.time()
    clock = float(live.run(node, "date +%s\n"))
    assert before - 30 < clock < time.time() + 30


@LABS
def test_up_twice_changes_nothing(live: LiveLab, node: str) -> None:
    nodes, bmc = live.state.node_names(), live.state.bmc / "process.json"
    before = [bmc.read_text(), *(live.process(name) for name in nodes)]
    live.do("up", *(("--containers", ",".join(nodes)) if live.record(node).kind == "container" else nodes))
    assert [bmc.read_text(), *(live.process(name) for name in nodes)] == before


@LABS
def test_the_inventory_reaches_every_node_and_its_bmc(live: LiveLab, node: str) -> None:
    inventory = live.inventory
    assert tuple(inventory.nodes) == live.state.node_names()
    entry, record = inventory.nodes[node], live.record(node)
    assert (entry.address, entry.port, entry.user, entry.bmc) == (record.address, 2222, "root", record.bmc)
    assert entry.role == "worker"
    assert inventory.ssh_config == live.state.ssh_config
    assert inventory.known_hosts == live.state.known_hosts


@LABS
def test_ssh_runs_a_command_and_gives_its_exit_status(live: LiveLab, node: str) -> None:
    done = live.kdumpcheck("lab", "ssh", node, "uname -n; exit 7")
    assert (done.stdout, done.returncode) == (f"{node}\n", 7)


@LABS
def test_a_wrong_host_key_is_refused(live: LiveLab, node: str) -> None:
    other = live.home / "ssh_config"
    wrong = live.home / "known_hosts"
    wrong.write_text(
        live.state.known_hosts.read_text().replace("AAAAC3NzaC1lZDI1NTE5AAAAI", "AAAAC3NzaC1lZDI1NTE5AAAAJ")
    )
    other.write_text(live.state.ssh_config.read_text().replace(str(live.state.known_hosts), str(wrong)))
    with pytest.raises(LabError, match="Host key verification failed"):
        Ssh(other).run(node, "true\n", seconds=COMMAND_SECONDS, what="a wrong key")


@LABS
def test_status_shows_each_node(live: LiveLab, node: str) -> None:
    rows = {line.split()[0]: line.split()[1:] for line in live.do("status").splitlines() if line.startswith("ncn-")}
    assert tuple(rows) == live.state.node_names()
    record = live.record(node)
    assert rows[node][0] == record.kind
    assert "on" in rows[node]
    assert f"{record.address}:2222" in rows[node]


def test_status_says_what_is_not_real_about_containers(fleet: LiveLab, lab: LiveLab) -> None:
    assert "fed from files" in fleet.do("status")
    assert "fed from files" not in lab.do("status")


def test_two_labs_are_up_at_once_without_meeting(lab: LiveLab, fleet: LiveLab) -> None:
    addresses = [[node.address for node in live.inventory.nodes.values()] for live in (lab, fleet)]
    assert not set(addresses[0]) & set(addresses[1])


def test_a_vm_reaches_neither_this_machine_nor_the_world(lab: LiveLab) -> None:
    # 10.0.2.2 is this machine in QEMU's user network; its port 2222 on 127.0.0.1 would be reached through it.
    script = "timeout 5 sh -c 'exec 3<>/dev/tcp/10.0.2.2/22' 2>/dev/null && echo open || echo closed\n"
    assert lab.run("ncn-m001", script.replace("sh -c", "bash -c")) == "closed\n"


def test_the_console_of_a_vm_is_followed(lab: LiveLab) -> None:
    lab.run("ncn-m001", "echo 'a word on the console' >/dev/ttyS0\n")
    console = lab.state.node("ncn-m001") / "console.log"
    assert b"a word on the console" in console.read_bytes()


def test_a_container_reboots_by_itself_with_its_disk_kept(fleet: LiveLab) -> None:
    node = "ncn-w104"
    before = fleet.run(node, "touch /root/kept; cat /proc/sys/kernel/random/boot_id\n")
    process = fleet.process(node)
    fleet.run(node, "systemctl reboot --no-block\n")
    deadline = time.monotonic() + COMMAND_SECONDS
    while (after := boot_id(fleet, node)) in ("", before):
        assert time.monotonic() < deadline, "it did not come back"
        time.sleep(0.2)  # a reboot is waited for by looking again
    assert fleet.process(node) == process
    fleet.run(
        node, "systemctl is-system-running --wait || :; rm /root/kept; test $(cat /sys/kernel/kexec_crash_loaded) = 1"
    )
    assert after != before


def boot_id(live: LiveLab, node: str) -> str:
    done = live.kdumpcheck("lab", "ssh", node, "cat /proc/sys/kernel/random/boot_id")
    return done.stdout
