# SPDX-License-Identifier: Apache-2.0
"""The one node that an image boots as: its directory, its keys, its disks, its BMC; and the end of all of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import uuid4

from kdumpcheck.image import ImageError
from kdumpcheck.image.squashfs import open_squashfs
from kdumpcheck.imageboot import disks, programs
from kdumpcheck.imageboot.keys import make_keys, upper_files
from kdumpcheck.imageboot.shipped import Shipped
from kdumpcheck.lab import accel
from kdumpcheck.lab.addresses import Block, claim_block
from kdumpcheck.lab.bmc import Bmcs
from kdumpcheck.lab.console import LOG
from kdumpcheck.lab.image import CONSOLE, CPU, GUEST_ADDRESS, MACHINE
from kdumpcheck.lab.locks import locked_directory
from kdumpcheck.lab.process import Process
from kdumpcheck.lab.publish import write_inventory, write_ssh_files
from kdumpcheck.lab.qemu import TCG, Boot, Hardware
from kdumpcheck.lab.record import NodeRecord, VmBody
from kdumpcheck.lab.state import StateDir
from kdumpcheck.lab.teardown import tear_down
from kdumpcheck.lab.vm import Vm
from kdumpcheck.nodes import Inventory, load_inventory
from kdumpcheck.paths import cache_dir

#: Room for a few dumps of a node with a few GiB; the file takes what is written to it.
ROOTRAID_MIB: Final = 8192
_HOMES: Final = "image-boot"
_ORPHANS_SECONDS: Final = 120.0

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Guest:
    """A node made of an image, not booted yet; it has an address already."""

    name: str
    shipped: Shipped
    state: StateDir
    record: NodeRecord

    @property
    def vm(self) -> Vm:
        """Its virtual machine."""
        return Vm(self.directory, self.state.root, self.record)

    @property
    def directory(self) -> Path:
        """Where its disks, sockets and logs are."""
        return self.state.node(self.name)

    @property
    def console(self) -> Path:
        """What its console has shown since it was switched on first."""
        return self.directory / LOG

    def inventory(self) -> Inventory:
        """How it is reached, as the rest of a run reads it. Raises `InventoryError`."""
        return load_inventory(self.state.inventory)

    def end(self) -> None:
        """End it, and remove everything that was made for it. Raises `LabError` naming what would not go."""
        _end(self.state)


def made_ready(name: str, shipped: Shipped, memory_mib: int, homes: Path) -> Guest:
    """Choose what the node is reached by, and write it down below `homes`. Raises `ImageError` and `LabError`.

    What runs that were killed have left there is ended first.
    """
    lacking = programs.missing()
    if lacking:
        packages = " ".join(sorted(set(lacking.values())))
        raise ImageError(f"--image-boot needs {', '.join(sorted(lacking))}: apt-get install {packages}")
    for each in (shipped.image, shipped.kernel, shipped.initrd):
        if not each.is_file():
            raise ImageError(f"{each}: --image-boot boots a SquashFS file with the kernel and the initrd beside it")
    remove_orphans(homes / _HOMES)
    me = Process.of(os.getpid())
    assert me is not None  # noqa: S101 - for the type checker: it is this very process
    state = StateDir(homes / _HOMES / f"{me.pid}-{me.started}" / "lab")
    state.create()
    try:
        return _made_ready(name, shipped, memory_mib, state)
    except BaseException:
        _end(state)
        raise


def _made_ready(name: str, shipped: Shipped, memory_mib: int, state: StateDir) -> Guest:
    directory = state.node(name)
    directory.mkdir(mode=0o700, parents=True)
    keys = make_keys(directory)
    record = _record(name, shipped, memory_mib, claim_block(state.root), directory)
    record.save(directory)
    write_ssh_files(state.root, [record], keys)
    write_inventory(state, [record], keys)
    return Guest(name, shipped, state, record)


def power_on(guest: Guest, environ: Mapping[str, str], home: Path, tell: Tell) -> Guest:
    """Make its disks and its BMC, and switch it on. Raises `ImageError`, `LabError`, and `OSError` on a full disk."""
    directory, uuid = guest.directory, str(uuid4())
    tell("making its disks: the SquashFS on one, a fresh ROOTRAID with a key for this run on two")
    disks.squashfs_disk(directory, guest.shipped, uuid)
    # wicked is SLES' own; what else an image configures its network by must ask for an address, or be given one.
    wicked = open_squashfs(guest.shipped.image).entry("etc/sysconfig/network") is not None
    disks.rootraid(directory, guest.shipped, uuid, ROOTRAID_MIB, upper_files(directory, wicked=wicked))
    chosen = accel.choose(guest.shipped.kernel, cache_dir(environ, home), environ, lambda _line: None)
    guest = replace(guest, record=_with(guest.record, chosen))
    guest.record.save(directory)
    Bmcs(guest.state).serve([guest.record])
    guest.vm.power_on()
    tell(f"booting under {chosen.upper()}{', which emulates every instruction and is slow' if chosen == TCG else ''}")
    return guest


def remove_orphans(homes: Path) -> None:
    """End what runs that were killed have left; two runs that begin at once do it one after the other."""
    with locked_directory(homes, _ORPHANS_SECONDS, f"another run ends what is left in {homes}"):
        _remove_orphans(homes)


def _end(state: StateDir) -> None:
    tear_down(state)
    state.root.parent.rmdir()


def _remove_orphans(homes: Path) -> None:
    for home in homes.glob("*-*"):
        pid, _, started = home.name.partition("-")
        if pid.isdigit() and started.isdigit() and not Process(int(pid), int(started)).alive:
            _end(StateDir(home / "lab"))


def _record(name: str, shipped: Shipped, memory_mib: int, block: Block, directory: Path) -> NodeRecord:
    hardware = Hardware(machine=MACHINE, cpu=CPU, memory_mib=memory_mib, accel=TCG, guest_address=GUEST_ADDRESS)
    boot = Boot(
        kernel=str(shipped.kernel),
        initrd=str(shipped.initrd),
        squashfs_disk=str(directory / disks.SQUASHFS_DISK),
        disks=disks.ROOTRAID_DISKS,
    )
    return NodeRecord(
        name=name,
        index=1,
        address=block.node(1),
        bmc=block.bmc(1),
        cmdline=shipped.line(CONSOLE),
        body=VmBody(hardware=hardware, boot=boot),
    )


def _with(record: NodeRecord, chosen: str) -> NodeRecord:
    assert isinstance(record.body, VmBody)  # noqa: S101 - for the type checker: `_record` made it
    return replace(record, body=replace(record.body, hardware=replace(record.body.hardware, accel=chosen)))
