# SPDX-License-Identifier: Apache-2.0
"""When a node counts as being there, and when as being gone."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import console
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import find_dialect
from kdumpcheck.lab.ssh import speaks

if TYPE_CHECKING:
    from kdumpcheck.lab.machine import Machine
    from kdumpcheck.lab.ssh import Ssh

# A boot takes 35-65 s under emulation on a quiet machine, and the first one builds an initrd for 90-115 s more.
_BANNER_SECONDS: Final = 420.0
_BOOTED_SECONDS: Final = 600.0
_RESUMED_SECONDS: Final = 180.0
_ASK_SECONDS: Final = 60.0
_SHUT_DOWN_SECONDS: Final = 120.0

_BOOTED: Final = "systemctl is-system-running --wait >/dev/null || :\n"
_LOADED: Final = """\
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] && exit 0
echo "kdump did not load: $(systemctl show -P Result "$unit"); see journalctl -u $unit on it" >&2
exit 1
"""


def wait_until_booted(ssh: Ssh, machine: Machine) -> None:
    """Wait until a starting node has started all its services; without faults, kdump is loaded then.

    Raises `LabError` when that does not come about.
    """
    node = machine.record
    _wait_for_ssh(machine, _BANNER_SECONDS)
    script = _BOOTED if node.faults else f"{_BOOTED}unit={find_dialect(node.dialect).unit}\n{_LOADED}"
    ssh.run(node.name, script, seconds=_BOOTED_SECONDS, what="waiting for its services")


def wait_until_resumed(ssh: Ssh, machine: Machine) -> None:
    """Wait for a node that goes on from a saved state, and tell it what time it is now; raises `LabError`."""
    name = machine.record.name
    _wait_for_ssh(machine, _RESUMED_SECONDS)
    ssh.run(name, f"date -u -s @{time.time():.2f}\n", seconds=_RESUMED_SECONDS, what="setting its clock")


def shut_down(ssh: Ssh, machine: Machine) -> None:
    """Let a node shut down in order, and cut its power where it takes too long over it."""
    name = machine.record.name
    ssh.run(name, "systemctl poweroff --no-block\n", seconds=_ASK_SECONDS, what="shutting down")
    deadline = Deadline(_SHUT_DOWN_SECONDS, f"{name}: shuts down")
    while machine.is_on() and not deadline.expired:
        deadline.interrupted.wait(0.1)
    machine.power_off()


def _wait_for_ssh(machine: Machine, seconds: float) -> None:
    node = machine.record

    def ready() -> bool:
        if not machine.is_on():
            said = console.last_line(machine.directory / console.LOG)
            raise LabError(f"{node.name}: it went off while it was starting: {said}")
        return speaks(node.address)

    Deadline(seconds, f"{node.name}: SSH answers").poll(ready, every=0.2)
