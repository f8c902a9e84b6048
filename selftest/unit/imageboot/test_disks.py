# SPDX-License-Identifier: Apache-2.0
"""The disks of a booted image, held against those who read them: blkid, xfs_db, debugfs. No root, nothing mounted."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from selftest.unit.image.made import CMDLINE

from kdumpcheck.image import Beside, ImageError
from kdumpcheck.imageboot import Shipped, disks, programs
from kdumpcheck.imageboot.keys import make_keys, upper_files
from kdumpcheck.imageboot.plan import File, plan
from kdumpcheck.imageboot.raid import DATA_OFFSET, Array, checksum

NAME = "5ca1ab1e-0000-4000-8000-00000000000a"
#: MiB; mkfs.xfs makes nothing smaller.
SMALL = 320
#: The superblock of an RAID1 that mdadm 4.2 made.
KEPT = Path(__file__).with_name("mdadm.superblock")


def said(*argv: str | Path) -> str:
    done = subprocess.run(
        list(map(str, argv)),
        env={"PATH": programs.search_path(), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    return done.stdout


@pytest.fixture(name="shipped")
def _shipped(tmp_path: Path) -> Shipped:
    image = tmp_path / "an image.squashfs"
    image.write_bytes(b"hsqs" + bytes(range(256)) * 5000)
    return Shipped.of(image, Beside(image, image, f"{CMDLINE} rd.live.squashimg=filesystem.squashfs"))


@pytest.fixture(name="work")
def _work(tmp_path: Path) -> Path:
    """Where disks are made: an operator's state directory may have a blank in its name."""
    work = tmp_path / "a place"
    work.mkdir()
    return work


def test_the_image_lies_where_the_command_line_says(shipped: Shipped, work: Path) -> None:
    before = shipped.image.stat()
    disks.squashfs_disk(work, shipped, NAME)
    disk = work / disks.SQUASHFS_DISK
    assert f'UUID="{NAME}"' in said("blkid", "-p", disk)
    assert 'LABEL="SQFSRAID"' in said("blkid", "-p", disk)
    assert said("debugfs", "-R", f"dump /LiveOS/filesystem.squashfs {work.parent}/out", disk) == ""
    assert (work.parent / "out").read_bytes() == shipped.image.read_bytes()
    assert shipped.image.stat() == before, "the image is only read"
    assert list(work.iterdir()) == [disk]


def test_rootraid_is_a_whole_raid1_with_an_upper_layer_that_holds_the_key(shipped: Shipped, work: Path) -> None:
    keys = make_keys(work)
    disks.rootraid(work, shipped, NAME, SMALL, upper_files(work, wicked=True))
    members = [work / f"rootraid{number}.img" for number in (0, 1)]
    told = [said("blkid", "-p", "-o", "export", member) for member in members]
    assert all("TYPE=linux_raid_member" in text and "VERSION=1.2" in text for text in told)
    uuids = [set(re.findall(r"^UUID(?:_SUB)?=(\S+)$", text, re.MULTILINE)) for text in told]
    assert len(uuids[0] & uuids[1]) == 1, "one array"
    assert len(uuids[0] | uuids[1]) == 3, "two members"
    for member, disk in zip(members, disks.ROOTRAID_DISKS, strict=True):
        assert f"backing file: {member.name}" in said("qemu-img", "info", work / disk)
    xfs = work.parent / "array.xfs"
    xfs.write_bytes(members[1].read_bytes()[DATA_OFFSET:])
    assert 'LABEL="ROOTRAID"' in said("blkid", "-p", xfs)
    upper = f"LiveOS/overlay-SQFSRAID-{NAME}"
    assert shown(xfs, f"{upper}/root/.ssh/authorized_keys") == "100600"
    assert shown(xfs, f"{upper}/root") == shown(xfs, f"{upper}/root/.ssh") == "040700"
    assert shown(xfs, f"{upper}/etc/ssh") == "040755"
    assert shown(xfs, f"{upper}/etc/sysconfig/network/ifcfg-eth0") == "100644"
    assert shown(xfs, "LiveOS/ovlwork") == "040755"
    assert keys.client_key.with_suffix(".pub").read_bytes() in xfs.read_bytes()
    assert (work / "host_key").read_bytes() in xfs.read_bytes()
    assert members[0].stat().st_blocks * 512 < SMALL * 2**20 / 4, "what a file system has not written is a hole"


def shown(xfs: Path, path: str) -> str:
    """The type and mode of a file in an XFS, in octal."""
    found = re.search(r"mode = 0?(\d+)", said("xfs_db", "-r", "-c", f"path /{path}", "-c", "print core.mode", xfs))
    assert found, path
    return found[1].zfill(6)


def test_nothing_of_the_network_is_written_for_an_image_without_wicked(work: Path) -> None:
    make_keys(work)
    assert all("network" not in file.path for file in upper_files(work, wicked=False))


def test_the_sum_is_the_one_that_mdadm_writes() -> None:
    block = KEPT.read_bytes()
    assert block[:4] == b"\xfc\x4e\x2b\xa9"
    assert checksum(block) == int.from_bytes(block[216:220], "little")
    ours = Array(uuid4(), "any:ROOT", 1 << 20, (uuid4(), uuid4())).superblock(1, 1_700_000_000)
    assert checksum(ours) == int.from_bytes(ours[216:220], "little")
    assert checksum(ours[:16] + b"X" + ours[17:]) != checksum(ours)


def test_members_differ_in_their_number_alone() -> None:
    array = Array(UUID(NAME), "any:ROOT", 1 << 20, (UUID(NAME), UUID(NAME)))
    first, second = (array.superblock(number, 1) for number in (0, 1))
    assert [place for place, pair in enumerate(zip(first, second, strict=True)) if pair[0] != pair[1]] == [160, 216]
    assert replace(array, data_bytes=2 << 20).superblock(0, 1) != first


def test_a_plan_names_each_directory_once() -> None:
    files = [File("a/b/one", 0o600, "1", frozenset({"a/b"})), File("a/two", 0o644, "2")]
    assert plan(files, "L/upper", "L/work").splitlines()[2:] == [
        "d--755 0 0",
        *("L d--755 0 0", "upper d--755 0 0", "a d--755 0 0"),
        *("two ---644 0 0 2", "b d--700 0 0", "one ---600 0 0 1", "$", "$", "$"),
        *("work d--755 0 0", "$", "$", "$"),
    ]


def test_a_program_that_fails_is_named_with_its_last_words(work: Path) -> None:
    with pytest.raises(ImageError, match=r"^mkfs\.ext4 failed: .*No such file"):
        programs.run(work, "mkfs.ext4", "-q", "nowhere/disk", "1M")


def test_a_program_that_is_missing_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.missing() == {}
    real = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None if name == "mkfs.xfs" else real(name, path=path))
    assert programs.missing() == {"mkfs.xfs": "xfsprogs"}
