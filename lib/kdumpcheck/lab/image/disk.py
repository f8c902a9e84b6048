# SPDX-License-Identifier: Apache-2.0
"""The SquashFS of the node and the disk it is booted from; both made without mounting anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.node_image import LIVE_DIRS, SQUASHFS_LABEL, SQUASHFS_UUID

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

_MIB: Final = 1024 * 1024
_SLACK_MIB: Final = 24


def make_squashfs(root: Path, squashfs: Path, runner: Runner) -> None:
    """Pack the root. LZ4: under emulation, unpacking speed matters more than size."""
    runner.run(["mksquashfs", root, squashfs, "-comp", "lz4", "-noappend", "-no-progress", "-quiet"])


def make_disk(squashfs: Path, disk: Path, work: Path, runner: Runner) -> None:
    """Make the ext4 disk ``LABEL=SQFSRAID`` that holds the SquashFS under every known rd.live.dir."""
    tree = work / "sqfsraid"
    first, *others = LIVE_DIRS
    (tree / first).mkdir(parents=True)
    os.link(squashfs, tree / first / "filesystem.squashfs")
    for name in others:
        (tree / name).symlink_to(first)
    size = squashfs.stat().st_size // _MIB + _SLACK_MIB
    runner.run(
        [
            "mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal",
            "-L", SQUASHFS_LABEL, "-U", SQUASHFS_UUID,
            "-d", tree, disk, f"{size}M",
        ]
    )  # fmt: skip
