# SPDX-License-Identifier: Apache-2.0
"""Putting faults on a lab node and taking them away again."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import find
from kdumpcheck.lab.locks import locked_directory
from kdumpcheck.lab.machine import alone
from kdumpcheck.lab.readiness import shut_down, wait_until_booted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kdumpcheck.lab.faults import Fault
    from kdumpcheck.lab.lab import Lab
    from kdumpcheck.lab.progress import Tell
    from kdumpcheck.lab.record import NodeRecord

# Some build a kdump initrd, which takes 2-4 minutes under emulation beside other work.
_SHELL_SECONDS: Final = 900.0


class Injector:
    """Breaks and heals the nodes of one lab; what is broken is in the node's record before it is done."""

    def __init__(self, lab: Lab, tell: Tell) -> None:
        self._lab = lab
        self._tell = tell

    def break_node(self, name: str, fault_id: str) -> Fault:
        """Put a fault on a node; raises `LabError` when it cannot have it, or has it already."""
        fault = find(fault_id)
        with self._alone(name):
            node = self._running(name)
            if fault.id in node.faults:
                raise LabError(f"{name} has the fault {fault.id} already; `kdumpcheck lab heal {name}` takes it away")
            if not fault.fits(node.kind):
                raise LabError(f"{fault.id} needs a {fault.needs}, and {name} is a {node.kind}")
            if node.dialect not in fault.dialects:
                raise LabError(
                    f"{fault.id} needs kdump of {' or '.join(fault.dialects)}, and {name} has {node.dialect}"
                )
            self._break(self._write(node, (*node.faults, fault.id)), fault)
        return fault

    def heal(self, name: str, fault_id: str | None = None) -> list[Fault]:
        """Take one fault of a node away, or all of them, the last one first; those that were taken away.

        Raises `LabError` when the node has none, has not this one, or it does not go away.
        """
        with self._alone(name):
            node = self._running(name)
            healed = [find(each) for each in reversed(_chosen(node, fault_id))]
            for fault in healed:
                _require_a_way_back(name, fault)
            for fault in healed:
                self._tell(f"{name}: {fault.undo}")
                try:
                    self._shell(name, fault, fault.heal_shell)
                except LabError as error:
                    raise LabError(f"{error}; `kdumpcheck lab heal {name} --restore` makes the node anew") from None
                node = self._write(node, tuple(each for each in node.faults if each != fault.id))
            if any(fault.restarts for fault in healed):
                self._restart(node)
        return healed

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        """Faults on several nodes may be worked on at once, but not while the lab comes up or goes down."""
        self._lab.machine(name)
        busy = f"another lab command is at work on {name}; wait for it"
        with self._lab.state.locked(shared=True), locked_directory(self._lab.state.node(name) / "faults", 5.0, busy):
            yield

    def _break(self, node: NodeRecord, fault: Fault) -> None:
        self._tell(f"{node.name}: {fault.effect}")
        try:
            self._shell(node.name, fault, fault.break_shell)
            if fault.restarts:
                self._restart(node)
        except LabError:
            with suppress(
                LabError
            ):  # the first error is the one to tell; a half-broken node is mended as far as it goes
                self._shell(node.name, fault, fault.heal_shell)
            if fault.heals:  # else nobody knows how far it went, and only a restore makes it whole
                self._write(node, tuple(each for each in node.faults if each != fault.id))
            raise

    def _running(self, name: str) -> NodeRecord:
        machine = self._lab.machine(name)
        if not machine.is_on():
            raise LabError(f"{name} is off; `kdumpcheck lab up {name}` starts it")
        return machine.record

    def _write(self, node: NodeRecord, faults: tuple[str, ...]) -> NodeRecord:
        changed = replace(node, faults=faults)
        changed.save(self._lab.state.node(node.name))
        return changed

    def _shell(self, name: str, fault: Fault, shell: str) -> None:
        if shell:
            self._lab.ssh.run(name, fault.script(shell), seconds=_SHELL_SECONDS, what=fault.id)

    def _restart(self, node: NodeRecord) -> None:
        """Shut a node down in order and boot it with the command line its faults now make."""
        self._tell(f"{node.name}: shuts down and boots")
        directory = self._lab.state.node(node.name)
        with alone(directory):
            shut_down(self._lab.ssh, self._lab.machine(node.name))
            self._lab.machine(node.name).power_on()
        wait_until_booted(self._lab.ssh, self._lab.machine(node.name))


def _require_a_way_back(name: str, fault: Fault) -> None:
    if not fault.heals:
        raise LabError(f"{fault.id} has no way back; `kdumpcheck lab heal {name} --restore` makes the node anew")


def _chosen(node: NodeRecord, fault_id: str | None) -> tuple[str, ...]:
    if not node.faults:
        raise LabError(f"{node.name} has no fault to heal")
    if fault_id is None:
        return node.faults
    if fault_id not in node.faults:
        find(fault_id)
        raise LabError(f"{node.name} does not have the fault {fault_id}; it has {', '.join(node.faults)}")
    return (fault_id,)
