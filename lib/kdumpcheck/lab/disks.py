# SPDX-License-Identifier: Apache-2.0
"""The disks of a node: blank ones for a first boot, and overlays that leave a frozen one untouched."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ROOT: Final = ("root.qcow2",)
"""The one disk of a node that has its root on a disk of its own."""

_SECONDS: Final = 60.0


def names(count: int) -> tuple[str, ...]:
    """File names of a node's disks, in the order the node sees them."""
    return tuple(f"rootraid{number}.qcow2" for number in range(count))


def make_blank(directory: Path, count: int, mib: int) -> tuple[Path, ...]:
    """Virgin disks of so many MiB; they take room only where they are written."""
    made = tuple(directory / name for name in names(count))
    for path in made:
        _qemu_img("create", "-q", "-f", "qcow2", str(path), f"{mib}M")
    return made


def make_first(raw: Path, directory: Path) -> None:
    """The disk of a first boot that begins as the image's raw one is."""
    for name in ROOT:
        _qemu_img("create", "-q", "-f", "qcow2", "-F", "raw", "-b", str(raw), str(directory / name))


def make_overlays(frozen: Path, directory: Path, disks: Sequence[str]) -> tuple[Path, ...]:
    """Disks of these names that begin as those in `frozen` are, and keep what is written to themselves."""
    made = tuple(directory / name for name in disks)
    for path in made:
        path.unlink(missing_ok=True)
        _qemu_img("create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", str(frozen / path.name), str(path))
    return made


def _qemu_img(*arguments: str) -> None:
    done = subprocess.run(["qemu-img", *arguments], capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise LabError(f"qemu-img {arguments[0]}: {done.stderr.strip() or f'exit status {done.returncode}'}")
