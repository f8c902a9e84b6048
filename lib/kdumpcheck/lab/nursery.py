# SPDX-License-Identifier: Apache-2.0
"""Where nodes are booted for the first time, so that later they need not boot at all."""

from __future__ import annotations

import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import disks
from kdumpcheck.lab.container import make_template
from kdumpcheck.lab.image import ROOTRAID_DISK_MIB, ROOTRAID_DISKS, find_dialect
from kdumpcheck.lab.publish import write_ssh_files
from kdumpcheck.lab.readiness import shut_down, wait_until_booted
from kdumpcheck.lab.record import VmBody
from kdumpcheck.lab.ssh import Ssh
from kdumpcheck.lab.store import KDUMP_INITRD, MEMORY
from kdumpcheck.lab.vm import Vm

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image import NodeImage
    from kdumpcheck.lab.progress import Tell
    from kdumpcheck.lab.record import NodeRecord
    from kdumpcheck.lab.state import StateDir
    from kdumpcheck.lab.store import Store

_FETCH_SECONDS: Final = 120.0


class Nursery:
    """Makes what the store keeps; everything in the making lies in the lab's work directory."""

    def __init__(self, state: StateDir, image: NodeImage, store: Store, tell: Tell) -> None:
        self._state = state
        self._image = image
        self._store = store
        self._tell = tell

    def seed(self, node: NodeRecord) -> Path:
        """Disks of a node after its first boot, in which it made ROOTRAID and built its kdump initrd."""
        if not self._store.seed.exists():
            self._tell("seed: first boot, in which it builds a kdump initrd (2-4 minutes without KVM)")
            directory = self._place(node)
            if self._image.root_disk:
                disks.make_first(self._image.root_disk, directory)
            else:
                disks.make_blank(directory, ROOTRAID_DISKS, ROOTRAID_DISK_MIB)
            vm, ssh = self._boot(directory, node)
            self._tell("seed: kdump is loaded; keeping its initrd and shutting it down")
            initrd = directory / KDUMP_INITRD
            fetch = f'cat "{find_dialect(node.dialect).initrd}"\n'
            ssh.fetch(node.name, fetch, initrd, seconds=_FETCH_SECONDS, what="fetching its kdump initrd")
            shut_down(ssh, vm)
            self._keep(directory, (*_disks(node), KDUMP_INITRD), self._store.seed)
        return self._store.seed

    def snapshot(self, node: NodeRecord) -> Path:
        """A node with kdump loaded, to go on from; made by booting it once from the seed's disks."""
        place = self._store.snapshot(node.name)
        if not place.exists():
            self._tell(f"{node.name}: boots once, to be kept with kdump loaded (about a minute without KVM)")
            directory = self._place(node)
            disks.make_overlays(self._store.seed, directory, _disks(node))
            vm, _ = self._boot(directory, node)
            vm.save(directory / MEMORY)
            self._keep(directory, (*_disks(node), MEMORY), place)
        return place

    def rootraid(self) -> Path:
        """An empty ROOTRAID for containers."""
        if not self._store.rootraid.exists():
            self._state.work.mkdir(mode=0o700, exist_ok=True)
            draft = self._state.work / self._store.rootraid.name
            make_template(draft)
            self._store.keep(draft, self._store.rootraid)
            self._clear(draft)
        return self._store.rootraid

    def _place(self, node: NodeRecord) -> Path:
        directory = self._state.work / node.name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700, parents=True)
        return directory

    def _clear(self, path: Path) -> None:
        """Remove something in the making, and with the last of it the work directory."""
        if path.is_dir():
            shutil.rmtree(path)
        with suppress(OSError):  # others are still in the making
            self._state.work.rmdir()

    def _boot(self, directory: Path, node: NodeRecord) -> tuple[Vm, Ssh]:
        vm = Vm(directory, self._state.root, node)
        vm.power_on()
        ssh = Ssh(write_ssh_files(directory, [node], self._image))
        wait_until_booted(ssh, vm)
        return vm, ssh

    def _keep(self, directory: Path, names: tuple[str, ...], place: Path) -> None:
        """Keep these files of a directory, frozen, and drop the rest of it."""
        made = directory / "made"
        made.mkdir(mode=0o700)
        for name in names:
            (directory / name).rename(made / name)
            (made / name).chmod(0o400)
        self._store.keep(made, place)
        self._clear(directory)


def _disks(node: NodeRecord) -> tuple[str, ...]:
    """The files that a VM writes to."""
    return node.body.boot.disks if isinstance(node.body, VmBody) else ()
