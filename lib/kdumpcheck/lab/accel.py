# SPDX-License-Identifier: Apache-2.0
"""Whether this machine runs the node's kernel under KVM, found out by running it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.files import read_json, write_json
from kdumpcheck.lab.qemu import KVM, PROGRAM, TCG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kdumpcheck.lab.progress import Tell

VARIABLE: Final = "KDUMPCHECK_ACCEL"
_KVM: Final = Path("/dev/kvm")
_SECONDS: Final = 8.0
# Without a root file system the kernel gets as far as looking for one: then everything before that has worked.
_REACHED: Final = b"Kernel panic - not syncing: VFS"
# panic=-1 with -no-reboot ends QEMU at once.
_CMDLINE: Final = "console=ttyS0 panic=-1 no_timer_check mitigations=off"


def choose(kernel: Path, cache: Path, environ: Mapping[str, str], tell: Tell) -> str:
    """What runs the nodes: "kvm" where their kernel was seen to run under it, else "tcg".

    /dev/kvm alone says little: under some hypervisors it is there and a guest hangs on its first page. The answer
    is kept in the cache for this kernel on this machine. $KDUMPCHECK_ACCEL=kvm|tcg decides without asking.
    """
    forced = environ.get(VARIABLE)
    if forced:
        if forced not in (KVM, TCG):
            raise LabError(f"{VARIABLE} is {forced!r}; it can be {KVM} or {TCG}")
        return forced
    if not os.access(_KVM, os.R_OK | os.W_OK):
        return TCG
    record = cache / f"accel-{_key(kernel)}.json"
    known = read_json(record)
    if known is None:
        tell(f"KVM: trying to boot the node's kernel under it, at most {_SECONDS:g} s")
        known = {"accel": KVM if _boots(kernel) else TCG}
        write_json(record, known)
    return str(known["accel"])


def _key(kernel: Path) -> str:
    """Names this kernel on this machine as it is now."""
    digest = hashlib.sha256(kernel.read_bytes() + this_machine().encode())
    return digest.hexdigest()[:16]


def this_machine() -> str:
    """Names this machine with its kernel and processor: what KVM's answers, and states saved under it, belong to."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    model = next((line for line in lines if line.startswith("model name")), "")
    return f"{platform.node()} {platform.release()} {model}"


def _boots(kernel: Path) -> bool:
    with tempfile.TemporaryFile() as console:
        argv = [PROGRAM, "-machine", "q35", "-accel", KVM, "-cpu", "host", "-m", "256", "-nodefaults"]
        argv += ["-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio"]
        argv += ["-kernel", str(kernel), "-append", _CMDLINE]
        try:
            subprocess.run(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.DEVNULL,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return False
        console.seek(0)
        return _REACHED in console.read()
