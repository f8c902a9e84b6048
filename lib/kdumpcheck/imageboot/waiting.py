# SPDX-License-Identifier: Apache-2.0
"""Waiting until the booted image answers and has started its services; or its console says that it never will."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Final

from kdumpcheck.imageboot.guest import Guest, Tell
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.ssh import Ssh, speaks
from kdumpcheck.terminal import plain

#: What a console says that will not come any further by itself: the kernel, dracut, systemd (and sulogin) say so.
_ENDS: Final = (
    (rb"Kernel panic - not syncing", "its kernel panicked"),
    (rb"Entering emergency mode", "it gave up and waits for somebody at its console"),
    (rb"You are in emergency mode", "it gave up and waits for somebody at its console"),
    (rb"Press \[Enter\]", "it waits for somebody at its console"),
)
_END: Final = re.compile(b"|".join(b"(%s)" % text for text, _ in _ENDS))
_SETTLED: Final = "systemctl is-system-running --wait >/dev/null || :\n"
_SHOWN: Final = 160
_READ: Final = 1 << 20


def until_up(guest: Guest, seconds: float, tell: Tell) -> None:
    """Wait until the node answers and all its services are started, at most so many seconds. Raises `LabError`.

    Its first boot builds the kdump initrd: services are waited for, so that the validation sees them as they stay.
    """
    began = time.monotonic()
    watched = _Console(guest)
    vm = guest.vm

    def ready() -> bool:
        if not vm.is_on():
            raise LabError(f"it went off while it booted; its console ended: {watched.last_line()}")
        ended = watched.ended()
        if ended:
            raise LabError(ended)
        return speaks(guest.record.address)

    _poll(Deadline(seconds, "SSH answers"), ready, watched)
    tell(f"SSH answers after {time.monotonic() - began:.0f} s; waiting for its services, kdump among them")
    left = max(1.0, seconds - (time.monotonic() - began))
    Ssh(guest.state.ssh_config).run(guest.name, _SETTLED, seconds=left, what="waiting for its services")
    tell(f"its services are started after {time.monotonic() - began:.0f} s")


def _poll(deadline: Deadline, ready: Callable[[], bool], watched: _Console) -> None:
    while not ready():
        if deadline.expired:
            raise LabError(f"it did not answer within {deadline.seconds:g} s; its console says: {watched.last_line()}")
        deadline.interrupted.wait(0.2)


class _Console:
    """The end of a console's log, read as it grows."""

    def __init__(self, guest: Guest) -> None:
        self._path = guest.console
        self._position = 0
        self._tail = b""

    def ended(self) -> str:
        """Why the boot has ended, or ""."""
        self._read()
        found = _END.search(self._tail)
        if found is None:
            return ""
        line = self._tail[found.start() :].partition(b"\n")[0]
        return f"{_ENDS[(found.lastindex or 1) - 1][1]}: {_shown(line)}"

    def last_line(self) -> str:
        """The last line that says something."""
        self._read()
        lines = [shown for line in self._tail.splitlines() if (shown := _shown(line))]
        return lines[-1] if lines else "nothing"

    def _read(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            # A sentence may come in two pieces, so the end of what was read before is looked at again.
            self._tail = self._tail[-4096:] + file.read(_READ)
            self._position = file.tell()


def _shown(line: bytes) -> str:
    return " ".join(plain(line[:4096]).split())[:_SHOWN]
