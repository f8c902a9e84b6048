# SPDX-License-Identifier: Apache-2.0
"""Crashing a lab node for real, and watching it until there is nothing left to wait for."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from selftest.detection.harvest import Crashed

from kdumpcheck.crash.story import RESTARTS, Story, tell
from kdumpcheck.lab import console
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.image import find_dialect
from kdumpcheck.lab.lab import Lab
from kdumpcheck.lab.qmp import Qmp
from kdumpcheck.lab.ssh import speaks
from kdumpcheck.terminal import plain

_ROOTRAID: Final = "/run/initramfs/overlayfs"
_ASK_SECONDS: Final = 120.0
_EVERY: Final = 0.5
# A capture takes 20-30 s on a quiet machine; emulated beside others, its longest silence was half a minute.
_SILENCE: Final = 90.0
_LONGEST: Final = 600.0
_LAST_WORDS: Final = 15.0
_BOOT_SECONDS: Final = 420.0

RESTARTED: Final = "restarted"

# Everything is on the disk before the crash: what a fault changed must not be lost with the page cache.
_RECORD: Final = f"""\
uname -r
upper=$(readlink -f /run/overlayfs)
echo "${{upper#{_ROOTRAID}/}}"
find {_ROOTRAID} -type d -name '*20[0-9][0-9]-[0-9][0-9]-[0-9][0-9]-[0-9][0-9][-:][0-9][0-9]' 2>/dev/null || :
"""
# On a node that is no NCN, what the capture kernel will see as its root; "." stands for no upper layer.
_RECORD_PLAIN: Final = """\
uname -r
echo .
find /var/crash -mindepth 1 -type d 2>/dev/null || :
"""
# The answer must reach us before the node is dead, so the trigger waits a moment in the background.
_TRIGGER: Final = """\
echo "<4>kdumpcheck: {marker}" >/dev/kmsg
sync
(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &
"""


def record(lab: Lab, node: str) -> Crashed:
    """Write down what a dump of this node's crash will be told by."""
    plain_root = find_dialect(lab.machine(node).record.dialect).plain
    script, root = (_RECORD_PLAIN, "/") if plain_root else (_RECORD, f"{_ROOTRAID}/")
    release, upper, *known = lab.ssh.run(node, script, seconds=_ASK_SECONDS, what="recording its dumps").splitlines()
    below = frozenset(path.removeprefix(root) for path in known)
    return Crashed(release, upper, below, f"marker {secrets.token_hex(8)}")


def crash(lab: Lab, node: str, crashed: Crashed, *, boot: bool) -> tuple[Story, str]:
    """Crash a node and wait for the end, whatever it is: the console's story, and how it ended.

    With `boot` the node really boots again and is then shut down in order; else its machine ends where the capture
    kernel restarts it. Either way it is off afterwards. Raises `LabError`.
    """
    machine = lab.machine(node)
    log = machine.directory / console.LOG
    start = log.stat().st_size
    if not boot:
        with Qmp(machine.directory) as qmp:
            qmp.execute("set-action", {"reboot": "shutdown"})
    script = _TRIGGER.format(marker=crashed.marker)
    lab.ssh.run(node, script, seconds=_ASK_SECONDS, what="crashing it")
    try:
        story, ended = _Watch(lab, node, log, start).until_the_end(boot=boot)
        if boot and ended == RESTARTED:
            _wait_for_the_boot(lab, node)
        return story, ended
    finally:
        machine.power_off()


def _wait_for_the_boot(lab: Lab, node: str) -> None:
    """Wait until what a boot does to ROOTRAID is done; that of its services is not waited for."""
    address = lab.machine(node).record.address
    Deadline(_BOOT_SECONDS, f"{node}: SSH answers after the crash").poll(lambda: speaks(address), every=_EVERY)
    lab.ssh.run(node, "sync\n", seconds=_ASK_SECONDS, what="writing its disks out")


class _Watch:
    """Follows a console from the crash on."""

    def __init__(self, lab: Lab, node: str, log: Path, start: int) -> None:
        self._machine = lab.machine(node)
        self._log = log
        self._start = start

    def until_the_end(self, *, boot: bool) -> tuple[Story, str]:
        whole = Deadline(_LONGEST, "the crash ends")
        story, moved, stuck = self._story(), time.monotonic(), 0.0
        while self._machine.is_on() and not whole.expired:
            now = self._story()
            if now.progress != story.progress:
                moved = time.monotonic()
            story = now
            if boot and RESTARTS in story.phases:
                return story, RESTARTED
            stuck = stuck or (time.monotonic() if story.stuck else 0.0)
            if stuck and time.monotonic() - stuck > _LAST_WORDS:
                return story, str(story.stuck)
            if time.monotonic() - moved > _SILENCE:
                return story, f"hung, waiting for {story.waits_for}" if story.waits_for else "hung in silence"
            with suppress(LabError):  # a poll that is over is how this waits
                Deadline(_EVERY, "").poll(lambda: not self._machine.is_on())
            if Deadline.interrupted.is_set():
                raise LabError("interrupted")
        story = self._story()
        if self._machine.is_on():
            return story, f"no end after {_LONGEST:g} s"
        return story, RESTARTED if story.captured else "restarted without a capture kernel"

    def _story(self) -> Story:
        with self._log.open("rb") as stream:
            stream.seek(self._start)
            return tell(plain(stream.read()).splitlines())
