# SPDX-License-Identifier: Apache-2.0
"""The one disk of a node that is no NCN: an ext4 root that it boots from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.shape import ROOT_DISK_MIB

if TYPE_CHECKING:
    from pathlib import Path

    from kdumpcheck.lab.image.tools import Runner

ROOT_UUID: Final = "5ca1ab1e-0000-4000-8000-000000000002"


def make_root_disk(root: Path, disk: Path, runner: Runner) -> None:
    """Make the raw ext4 disk that the node boots from; every node writes to an overlay of its own."""
    runner.run(["mkfs.ext4", "-q", "-F", "-m", "0", "-U", ROOT_UUID, "-d", root, disk, f"{ROOT_DISK_MIB}M"])
