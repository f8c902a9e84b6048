# SPDX-License-Identifier: Apache-2.0
"""Which device a name in an fstab means, and which drivers it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kdumpcheck.evidence import Evidence
from kdumpcheck.facts import Devices, Fstab
from kdumpcheck.facts.devices import is_persistent
from kdumpcheck.facts.fstab import Entry

TEXT = (
    "name\t/dev/disk/by-label/ROOTRAID\t../../md127\n"
    "name\t/dev/disk/by-label/a\\x20b\t../../sdc1\n"
    "name\t/dev/disk/by-uuid/e0b6\t../../md127\n"
    "name\t/dev/md/ROOT\t../md127\n"
    "name\t/dev/mapper/vg-lv\t../dm-0\n"
    "driver\tmd_mod\ndriver\traid1\ndriver\tvirtio_blk\ndriver\traid1\n"
    "fstype\txfs\ndriver\txfs\n"
)


@pytest.fixture
def devices(evidence_of: Callable[..., Evidence]) -> Devices:
    found = Devices.parse(evidence_of({"devices": TEXT}))
    assert isinstance(found, Devices)
    return found


@pytest.mark.parametrize(
    ("spec", "device"),
    [
        ("LABEL=ROOTRAID", "/dev/md127"),
        ('LABEL="a b"', "/dev/sdc1"),
        ("UUID=e0b6", "/dev/md127"),
        ("/dev/disk/by-uuid/e0b6", "/dev/md127"),
        ("/dev/md/ROOT", "/dev/md127"),
        ("/dev/mapper/vg-lv", "/dev/dm-0"),
        ("/dev/sda", "/dev/sda"),
        ("LABEL=WRONG", ""),
        ("/dev/disk/by-uuid/gone", ""),
        ("LiveOS_rootfs", ""),
        ("tmpfs", ""),
    ],
)
def test_a_name_is_resolved_as_mount_would(devices: Devices, spec: str, device: str) -> None:
    assert devices.resolve(spec) == device


def test_each_driver_is_told_once(devices: Devices) -> None:
    assert devices.drivers == ("md_mod", "raid1", "virtio_blk", "xfs")
    assert devices.fstype == "xfs"


@pytest.mark.parametrize(
    ("spec", "stays"),
    [
        ("LABEL=x", True),
        ("/dev/disk/by-path/x", True),
        ("/dev/md/ROOT", True),
        ("/dev/sda1", False),
        ("/dev/md127", False),
    ],
)
def test_numbers_do_not_stay(spec: str, stays: bool) -> None:
    assert is_persistent(spec) is stays


def test_fstab_is_read_line_by_line(evidence_of: Callable[..., Evidence]) -> None:
    text = "LABEL=ROOTRAID\t/ xfs defaults 0 0\ntmpfs /tmp tmpfs size=16G\nbroken\n#x / y z\n"
    found = Fstab.parse(evidence_of({"fstab": text}))
    assert isinstance(found, Fstab)
    assert found.roots == (Entry("LABEL=ROOTRAID", "/", "xfs", ("defaults",)),)
    assert len(found.entries) == 2
