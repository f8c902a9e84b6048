# SPDX-License-Identifier: Apache-2.0
"""Making nodes that are not there yet: VMs from a saved state or a cold boot, containers from files."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import blueprint, disks
from kdumpcheck.lab.addresses import MAX_NODES
from kdumpcheck.lab.container import Container
from kdumpcheck.lab.machine import alone, open_machine
from kdumpcheck.lab.nursery import Nursery
from kdumpcheck.lab.parallel import for_each
from kdumpcheck.lab.readiness import wait_until_booted, wait_until_resumed
from kdumpcheck.lab.record import VmBody
from kdumpcheck.lab.ssh import Ssh
from kdumpcheck.lab.store import MEMORY
from kdumpcheck.lab.vm import Vm

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kdumpcheck.lab.addresses import Block
    from kdumpcheck.lab.image import NodeImage
    from kdumpcheck.lab.machine import Machine
    from kdumpcheck.lab.progress import Tell
    from kdumpcheck.lab.record import NodeRecord
    from kdumpcheck.lab.state import StateDir
    from kdumpcheck.lab.store import Store

_SEED: Final = "seed"
_SEED_INDEX: Final = MAX_NODES + 1
# Booting is nearly all processor time: more at once only makes each slower. Three is what the default lab has.
_VMS_AT_ONCE: Final = max(3, os.cpu_count() or 1)
_CONTAINERS_AT_ONCE: Final = 4 * (os.cpu_count() or 1)


class BringUp:
    """Brings nodes up whose records and SSH files are written already."""

    def __init__(
        self, state: StateDir, image: NodeImage, dialect: str, block: Block, store: Store, accel: str, tell: Tell
    ) -> None:
        self._state = state
        self._store = store
        self._tell = tell
        self._nursery = Nursery(state, image, store, tell)
        self._seed_record = blueprint.vm(_SEED, _SEED_INDEX, block, image, dialect, accel)
        self._ssh = Ssh(state.ssh_config)

    def make(self, nodes: Sequence[NodeRecord], *, cold: bool = False) -> list[str]:
        """Make these nodes anew and wait until each is ready; the errors, one line each.

        VMs go on from a saved state, which is made first where there is none; with `cold` they boot.
        """
        if not nodes:
            return []
        self._nursery.seed(self._seed_record)
        vms = [node for node in nodes if node.kind == "vm"]
        errors = for_each(vms, self._boot if cold else self._resume, _VMS_AT_ONCE)
        containers = [node for node in nodes if node.kind == "container"]
        if containers:
            self._nursery.rootraid()
            self._tell(f"containers: starting {len(containers)}")
            errors += for_each(containers, self._contain, _CONTAINERS_AT_ONCE)
            self._tell("containers: up")
        return errors

    def start(self, nodes: Sequence[NodeRecord]) -> list[str]:
        """Power nodes on that exist and are off; the errors, one line each."""
        return for_each(nodes, self._start, _VMS_AT_ONCE)

    def _resume(self, node: NodeRecord) -> None:
        snapshot = self._nursery.snapshot(node)
        vm = self._vm(node, snapshot)
        vm.resume(snapshot / MEMORY)
        wait_until_resumed(self._ssh, vm)
        self._done(node)
        self._tell(f"{node.name}: up, from its saved state")

    def _boot(self, node: NodeRecord) -> None:
        self._tell(f"{node.name}: boots")
        self._power_on(self._vm(node, self._store.seed))
        self._done(node)
        self._tell(f"{node.name}: up, booted")

    def _vm(self, node: NodeRecord, frozen: Path) -> Vm:
        directory = self._state.node(node.name)
        if isinstance(node.body, VmBody):
            disks.make_overlays(frozen, directory, node.body.boot.disks)
        return Vm(directory, self._state.root, node)

    def _contain(self, node: NodeRecord) -> None:
        container = Container(self._state.node(node.name), self._state.root, node)
        container.prepare(self._nursery.rootraid())
        self._power_on(container)
        self._done(node)

    def _start(self, node: NodeRecord) -> None:
        self._tell(f"{node.name}: was off, boots")
        self._power_on(open_machine(self._state.node(node.name), self._state.root))
        self._tell(f"{node.name}: up, booted")

    def _power_on(self, machine: Machine) -> None:
        with alone(machine.directory):
            machine.power_on()
        wait_until_booted(self._ssh, machine)

    def _done(self, node: NodeRecord) -> None:
        replace(node, made=True).save(self._state.node(node.name))
