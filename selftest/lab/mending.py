# SPDX-License-Identifier: Apache-2.0
"""What tests of remedies on a real node share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from selftest.lab.operator import Operator, Ran

VICTIM = "ncn-w001"
#: What a remedy may touch, as it is: configuration, initrds, links, dumps, units, and what is loaded.
STATE = r"""
cat /etc/sysconfig/kdump
cd /run/initramfs/overlayfs
find . -maxdepth 1 -type l -printf '%p %l\n'
find ./LiveOS/*/boot ./LiveOS/*/var/crash -printf '%p %s %T@ %l\n'
systemctl is-enabled kdump kdump-early
cat /sys/kernel/kexec_crash_loaded
"""


def of(run: Ran, name: str) -> dict[str, Any]:
    """What a run says of a remedy."""
    (found,) = [remedy for remedy in run.remedies if remedy["name"] == name]
    return found


def complaints(run: Ran) -> set[str]:
    return {result["check"] for result in run.results if result["outcome"] not in {"pass", "skip", "recovered"}}


@contextmanager
def broken(operator: Operator, *faults: str) -> Iterator[None]:
    """The node with faults; in the end it is made anew from its saved state, for some faults have no other way back."""
    for fault in faults:
        operator.lab("break", VICTIM, fault)
    try:
        yield
    finally:
        operator.lab("heal", VICTIM, "--restore")


def wait_for(what: Callable[[], object], seconds: float, why: str) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, f"{why}: not within {seconds} s"
        time.sleep(0.5)  # the other side is a machine that takes its time
