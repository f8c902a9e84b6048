# SPDX-License-Identifier: Apache-2.0
"""What every node of the lab can be told, whatever it is made of: what its BMC needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from kdumpcheck.lab.container import Container
from kdumpcheck.lab.locks import locked_directory
from kdumpcheck.lab.record import NodeRecord
from kdumpcheck.lab.vm import Vm

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

_BUSY_SECONDS: Final = 120.0


class Machine(Protocol):
    """A node seen from outside: its power button."""

    @property
    def directory(self) -> Path:
        """Where its disks, logs and sockets are."""

    @property
    def record(self) -> NodeRecord:
        """What is written down about it."""

    def is_on(self) -> bool:
        """Whether it has power."""

    def power_on(self) -> None:
        """Start it from its disks; nothing happens when it is on."""

    def power_off(self) -> None:
        """Cut its power; nothing happens when it is off."""

    def reset(self) -> None:
        """Start it over, without asking the system on it."""

    def shut_down(self) -> None:
        """Ask the system on it to shut down."""


def open_machine(directory: Path, lab: Path) -> Machine:
    """The node in a directory; raises `LabError` when there is none."""
    record = NodeRecord.load(directory)
    return Vm(directory, lab, record) if record.kind == "vm" else Container(directory, lab, record)


def alone(directory: Path) -> AbstractContextManager[None]:
    """One at a time at a node's power button: lab commands and its BMC may reach for it together."""
    return locked_directory(directory, _BUSY_SECONDS, f"{directory.name}: somebody else is at its power button")
