# SPDX-License-Identifier: Apache-2.0
"""Dumps of a lab node that was really crashed, one in each format that makedumpfile knows. Made once, and kept."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from selftest.lab.live import UP_SECONDS, LiveLab, new_lab, remove_orphans

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.ssh import speaks

FORMATS = ("compressed", "ELF")
NODE = "ncn-w001"
#: Emulated beside others: the capture kernel, the save and the boot after it.
_BACK_SECONDS = 900
#: The format is in the kdump initrd, which is built anew when the settings are newer.
_SET_FORMAT = """\
rm -rf /var/crash/*
config=/etc/sysconfig/kdump
grep -q '^KDUMP_DUMPFORMAT="%(name)s"' $config || sed -i 's/^KDUMP_DUMPFORMAT=.*/KDUMP_DUMPFORMAT="%(name)s"/' $config
systemctl restart kdump.service
cat /proc/sys/kernel/random/boot_id
sync
"""
_BOOT_ID = "cat /proc/sys/kernel/random/boot_id\n"
_CRASH = "(sleep 1; echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &\n"
_SAVED = "grep -q 'vmcore status: saved' /var/crash/*/README.txt && echo saved || :\n"


def fetch(cache: Path) -> dict[str, Path]:
    """The directory of a dump in each format, here."""
    kept = {name: cache / name for name in FORMATS}
    if not all(path.is_dir() for path in kept.values()):
        _make(cache)
    return kept


def _make(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    remove_orphans()
    live = new_lab("analysis")
    try:
        live.do("up", NODE, "--dialect", "suse", seconds=UP_SECONDS)
        for name in FORMATS:
            _crash(live, name)
            with tempfile.TemporaryDirectory(dir=cache) as work:
                shutil.rmtree(cache / name, ignore_errors=True)
                _copied(live, Path(work)).rename(cache / name)
    finally:
        live.remove()


def _crash(live: LiveLab, name: str) -> None:
    before = live.run(NODE, _SET_FORMAT % {"name": name}, seconds=_BACK_SECONDS)
    live.run(NODE, _CRASH)

    def back() -> bool:
        if not speaks(live.record(NODE).address):
            return False
        with suppress(LabError):  # sshd ended just then
            return live.run(NODE, _BOOT_ID) != before
        return False

    Deadline(_BACK_SECONDS, f"{NODE} is back").poll(back, every=1.0)
    assert live.run(NODE, _SAVED) == "saved\n", f"{NODE} saved no dump in the format {name}"


def _copied(live: LiveLab, work: Path) -> Path:
    argv = ["ssh", "-F", str(live.state.ssh_config), NODE, "tar -C /var/crash -c ."]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as sent:
        subprocess.run(["tar", "-x", "-C", work, "--no-same-owner"], stdin=sent.stdout, check=True, timeout=600)
    assert sent.returncode == 0
    (dump,) = work.iterdir()
    return dump
