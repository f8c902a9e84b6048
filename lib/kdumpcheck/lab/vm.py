# SPDX-License-Identifier: Apache-2.0
"""A node that is a virtual machine: starting, stopping and saving it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import console
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import command_line
from kdumpcheck.lab.process import Process, spawn
from kdumpcheck.lab.qemu import arguments
from kdumpcheck.lab.qmp import Qmp
from kdumpcheck.lab.record import VmBody

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.record import NodeRecord

_QEMU_LOG: Final = "qemu.log"
_START_SECONDS: Final = 120.0
_INCOMING_SECONDS: Final = 180.0
_SAVE_SECONDS: Final = 180.0
_QUIT_SECONDS: Final = 30.0


class Vm:
    """One VM in its directory: sockets, logs, disks and the record of its process."""

    def __init__(self, directory: Path, lab: Path, record: NodeRecord) -> None:
        if not isinstance(record.body, VmBody):
            raise LabError(f"{record.name}: not a VM")
        self.directory = directory
        self.record = record
        self._lab = lab
        self._body = record.body

    def is_on(self) -> bool:
        """Whether QEMU runs; it ends when the guest powers off."""
        return Process.running(self.directory) is not None

    def power_on(self) -> None:
        """Boot from the disks; nothing happens when it is on."""
        if not self.is_on():
            self._start(None)

    def resume(self, state: Path) -> None:
        """Go on from a saved state; it must have been saved on disks like those there are now."""
        self._start(state)
        # An SSH connection made before the guest runs again is lost in QEMU's network and costs seconds.
        deadline = Deadline(_INCOMING_SECONDS, f"{self.record.name}: the saved state is read")
        deadline.poll(lambda: self._status() == "running", every=0.05)

    def power_off(self) -> None:
        """End the VM as by a power cut; what the guest had written is on the disks, and nothing else."""
        process = Process.running(self.directory)
        if process is not None:
            # On SIGTERM QEMU writes its own disk caches out and leaves; the guest is not asked.
            process.stop(grace=_QUIT_SECONDS)

    def reset(self) -> None:
        """Press the reset button; raises `LabError` when it is off."""
        with Qmp(self.directory) as qmp:
            qmp.execute("system_reset")

    def shut_down(self) -> None:
        """Press the power button shortly, which asks the guest; raises `LabError` when it is off."""
        with Qmp(self.directory) as qmp:
            qmp.execute("system_powerdown")

    def save(self, state: Path) -> None:
        """Write the running VM's state to a file and end it; the disks are then as that state needs them."""
        with Qmp(self.directory) as qmp:
            qmp.execute("migrate-set-parameters", {"max-bandwidth": 1 << 34})
            qmp.execute("migrate", {"uri": f"exec:zstd -3qfo {shlex.quote(str(state))}"})
            deadline = Deadline(_SAVE_SECONDS, f"{self.record.name}: its state is saved")
            deadline.poll(lambda: self._saved(qmp))
        # The guest was not stopped before: a state saved from a stopped VM comes back stopped. It has not run since.
        self.power_off()

    def _saved(self, qmp: Qmp) -> bool:
        status = qmp.execute("query-migrate")
        if status.get("status") in ("failed", "cancelled"):
            raise LabError(f"{self.record.name}: its state could not be saved: {status.get('error-desc', 'no reason')}")
        return bool(status.get("status") == "completed")

    def _status(self) -> str:
        self._must_run()
        with Qmp(self.directory) as qmp:
            return str(qmp.execute("query-status")["status"])

    def _start(self, incoming: Path | None) -> None:
        cmdline = command_line(self.record.cmdline, self.record.faults)
        argv = arguments(self._body.hardware, self._body.boot, cmdline, self.record.address, incoming)
        spawn(argv, lab=self._lab, directory=self.directory, log=_QEMU_LOG)
        Deadline(_START_SECONDS, f"{self.record.name}: QEMU starts").poll(self._answers, every=0.05)

    def _answers(self) -> bool:
        self._must_run()
        try:
            with Qmp(self.directory):
                return True
        except LabError:
            return False  # its socket is not there yet

    def _must_run(self) -> None:
        if not self.is_on():
            said = console.last_line(self.directory / _QEMU_LOG)
            raise LabError(f"{self.record.name}: QEMU has ended: {said}")
