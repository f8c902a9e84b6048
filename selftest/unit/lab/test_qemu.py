# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.qemu import Boot, Hardware, arguments
from kdumpcheck.lab.record import ContainerBody, NodeRecord, VmBody

HARDWARE = Hardware(machine="q35", cpu="Nehalem", memory_mib=768, accel="tcg", guest_address="10.0.2.15")
BOOT = Boot(kernel="/i/vmlinuz", initrd="/i/initrd", squashfs_disk="/i/s,q.img", disks=("a.qcow2", "b.qcow2"))
VM = NodeRecord(
    name="ncn-m001",
    index=1,
    address="127.0.3.1",
    bmc="127.0.4.1",
    cmdline="root=live:x crashkernel=160M",
    body=VmBody(hardware=HARDWARE, boot=BOOT),
)
CONTAINER = NodeRecord(
    name="ncn-w101",
    index=2,
    address="127.0.3.2",
    bmc="127.0.4.2",
    cmdline="crashkernel=160M",
    faults=("no-crashkernel",),
    made=True,
    body=ContainerBody(squashfs="/i/fs", upper="LiveOS/o", work="LiveOS/w", kernel_release="6.1", kdump_initrd="/i/k"),
)


def option(argv: list[str], name: str) -> list[str]:
    return [value for word, value in itertools.pairwise(argv) if word == name]


def test_the_kernel_command_line_is_one_word() -> None:
    assert option(arguments(HARDWARE, BOOT, "a=1 b=2", "127.0.3.1"), "-append") == ["a=1 b=2"]


def test_the_disks_keep_their_order_and_the_squashfs_is_read_only() -> None:
    drives = option(arguments(HARDWARE, BOOT, "", "127.0.3.1"), "-drive")
    assert [drive.split("file=")[1] for drive in drives] == [
        "/i/s,,q.img,format=raw,readonly=on",
        "a.qcow2,format=qcow2,cache=unsafe",
        "b.qcow2,format=qcow2,cache=unsafe",
    ]


def test_a_root_on_a_disk_of_its_own_is_the_first_disk() -> None:
    boot = replace(BOOT, squashfs_disk="", disks=("root.qcow2",))
    assert option(arguments(HARDWARE, boot, "", "127.0.3.1"), "-drive") == [
        "if=none,id=rootraid0,file=root.qcow2,format=qcow2,cache=unsafe"
    ]


def test_ssh_and_console_are_on_the_nodes_own_loopback_address() -> None:
    argv = arguments(HARDWARE, BOOT, "", "127.0.3.9")
    assert option(argv, "-netdev") == ["user,id=net0,restrict=on,hostfwd=tcp:127.0.3.9:2222-10.0.2.15:22"]
    assert "host=127.0.3.9,port=2323" in option(argv, "-chardev")[0]
    assert "logfile=console.log,logappend=on" in option(argv, "-chardev")[0]


def test_going_on_from_a_saved_state_changes_nothing_else() -> None:
    cold = arguments(HARDWARE, BOOT, "", "127.0.3.1")
    warm = arguments(HARDWARE, BOOT, "", "127.0.3.1", Path("/a place/memory.zst"))
    assert warm == [*cold, "-incoming", "exec:zstd -dcq '/a place/memory.zst'"]


def test_kvm_takes_the_host_processor_and_emulation_the_measured_one() -> None:
    assert "-cpu Nehalem" in " ".join(HARDWARE.arguments())
    assert "tb-size=128" in " ".join(HARDWARE.arguments())
    assert "-accel kvm -cpu host" in " ".join(replace(HARDWARE, accel="kvm").arguments())


@pytest.mark.parametrize("record", [VM, CONTAINER], ids=["vm", "container"])
def test_a_record_is_read_back_as_it_was_written(record: NodeRecord, tmp_path: Path) -> None:
    record.save(tmp_path)
    assert NodeRecord.load(tmp_path) == record
    assert (tmp_path / "node.json").stat().st_mode & 0o777 == 0o600


def test_a_node_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="ncn-w999: there is no such node"):
        NodeRecord.load(tmp_path / "ncn-w999")


@pytest.mark.parametrize("text", ["[]", "{}", '{"kind": "vm"}', "\xff", '{"kind": "vm", "body": {}, "faults": []}'])
def test_a_broken_record_names_its_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "node.json").write_text(text, encoding="latin-1")
    with pytest.raises(LabError, match=r"node\.json"):
        NodeRecord.load(tmp_path)
