# SPDX-License-Identifier: Apache-2.0
"""A made crash and its dump, for tests that change one thing of them."""

from __future__ import annotations

from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.crash.details import Details
from kdumpcheck.crash.survey import Survey
from kdumpcheck.dumps import Contents, Kind, Vmcore

NODE = "ncn-w001"
RELEASE = "5.14.21-150400.24.63-default"
POINT = "/run/initramfs/overlayfs"
DUMP = f"{POINT}/LiveOS/overlay-x/var/crash"
NEW = f"{DUMP}/2026-11-25-10:00"
MARKER = "crash-proof-0123456789abcdef"
FILES = (
    ("README.txt", 186),
    (f"System.map-{RELEASE}", 83),
    ("dmesg.txt", 31064),
    ("vmcore", 18_606_639),
    (f"vmlinux-{RELEASE}.gz", 11_693_754),
)
VMCORE = Vmcore(Kind.COMPRESSED, 18_606_639, None, Contents(RELEASE, 1005))


def survey(*dumps: str, boot: str = "1111", clock: int = 1000) -> Survey:
    """A node that is armed, with these dumps."""
    return Survey(boot, RELEASE, clock, True, "active", "running", POINT, DUMP, frozenset(dumps))


def answer(found: Survey) -> bytes:
    """What survey.sh prints of such a node."""
    lines = [
        f"boot_id={found.boot_id}",
        f"release={found.release}",
        f"clock={found.clock}",
        f"loaded={int(found.loaded)}",
        f"unit={found.unit}",
        f"system={found.system}",
        f"point={found.point}",
        f"shown={found.shown}",
        *([f"stamp={found.stamp}"] if found.stamp else []),
        *(f"dump\t{path}" for path in sorted(found.dumps)),
        "whole=yes",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def details() -> Details:
    """A good dump of the older kdump."""
    return Details(NEW, FILES, ("Kernel crashdump",), "dmesg.txt", marked=True, shown=True, linked=True)


def details_answer(found: Details) -> bytes:
    """What dump.sh prints of such a dump."""
    said = (("marker", found.marked), ("shown", found.shown), ("linked", found.linked))
    lines = [
        *(f"file\t{name}\t{size}" for name, size in found.files),
        *(f"readme\t{line}" for line in found.readme),
        f"log={found.log}",
        *(f"{key}=yes" for key, holds in said if holds),
        "whole=yes",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


CRASHED = Crashed(NODE, MARKER, "sysrq", "2026-11-25T10:00:00+00:00", 2**29, (), survey(), "suse_legacy")
