# SPDX-License-Identifier: Apache-2.0
"""The QEMU command line of a node."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import console
from kdumpcheck.lab.addresses import CONSOLE_PORT, SSH_PORT
from kdumpcheck.lab.qmp import SOCKET

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM: Final = "qemu-system-x86_64"
KVM: Final = "kvm"
TCG: Final = "tcg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """What a VM is made of; a saved state fits only the same hardware."""

    machine: str
    cpu: str
    memory_mib: int
    accel: str
    guest_address: str

    def arguments(self) -> list[str]:
        """The options that neither node nor place change."""
        # tb-size: the translation cache's default is 1 GiB a VM, and a booted node uses a tenth of it.
        accel = "tcg,thread=multi,tb-size=128" if self.accel == TCG else self.accel
        cpu = self.cpu if self.accel == TCG else "host"
        words = f"-machine {self.machine} -accel {accel} -cpu {cpu} -smp 1 -m {self.memory_mib}"
        fixed = "-nodefaults -no-user-config -display none -rtc base=utc,clock=host -device virtio-rng-pci"
        return f"{words} {fixed}".split()


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """What a VM starts from."""

    kernel: str
    initrd: str
    squashfs_disk: str
    """raw disk with the SquashFS; "" for a node that has its root on a disk of its own"""
    disks: tuple[str, ...]
    """qcow2 files the node writes to, in the order of vdb, vdc; where there is no SquashFS, from vda on"""


def arguments(hardware: Hardware, boot: Boot, cmdline: str, address: str, incoming: Path | None = None) -> list[str]:
    """The whole command line; sockets and logs are relative to the node's directory, where QEMU runs.

    With `incoming`, the VM does not boot but goes on from a saved state.
    """
    argv = [PROGRAM, *hardware.arguments()]
    argv += ["-kernel", boot.kernel, "-initrd", boot.initrd, "-append", cmdline]
    if boot.squashfs_disk:
        argv += _drive("squashfs", boot.squashfs_disk, "raw,readonly=on")
    for number, disk in enumerate(boot.disks):
        # unsafe: a lab's disks need not survive the host, and QEMU writes everything out when it is told to quit.
        argv += _drive(f"rootraid{number}", disk, "qcow2,cache=unsafe")
    argv += _network(hardware, address)
    argv += _console(address)
    argv += ["-qmp", f"unix:{SOCKET},server=on,wait=off"]
    if incoming is not None:
        argv += ["-incoming", f"exec:zstd -dcq {shlex.quote(str(incoming))}"]
    return argv


def _drive(name: str, path: str, how: str) -> list[str]:
    # In QEMU's option lists a comma in a value is doubled.
    drive = f"if=none,id={name},file={path.replace(',', ',,')},format={how}"
    return ["-drive", drive, "-device", f"virtio-blk-pci,drive={name}"]


def _network(hardware: Hardware, address: str) -> list[str]:
    # restrict: a lab node reaches neither this machine's services nor the world; the forwarded port still works.
    forward = f"hostfwd=tcp:{address}:{SSH_PORT}-{hardware.guest_address}:22"
    return ["-netdev", f"user,id=net0,restrict=on,{forward}", "-device", "virtio-net-pci,netdev=net0,romfile="]


def _console(address: str) -> list[str]:
    # The log keeps everything, whether or not the BMC, or anybody, is connected.
    where = f"host={address},port={CONSOLE_PORT},server=on,wait=off,nodelay=on"
    return [
        "-chardev",
        f"socket,id=console,{where},logfile={console.LOG},logappend=on",
        "-serial",
        "chardev:console",
    ]
