# SPDX-License-Identifier: Apache-2.0
"""What is booted, and what its kernel command line says of where the image and the upper layer lie."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from kdumpcheck.facts.boot import Words
from kdumpcheck.image import Beside, ImageError

#: One part of a path or a label, as it may stand in a file system: nothing in it leads elsewhere.
_PART: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}", re.ASCII)
#: An XFS label has at most 12 bytes, and an ext4 one 16 (mkfs.xfs(8), mkfs.ext4(8)).
_LABEL: Final = re.compile(r"[A-Za-z0-9_.-]{1,12}", re.ASCII)
_UNFIT: Final = "--image-boot boots as an NCN does, from a SquashFS on a labelled disk"


@dataclass(frozen=True, slots=True)
class Shipped:
    """An image with the kernel, the initrd and the command line that boot it, and the names that line goes by."""

    image: Path
    kernel: Path
    initrd: Path
    cmdline: str
    label: str
    """of the disk that holds the SquashFS (root=live:LABEL=)"""
    overlay: str
    """label of the disk with the upper layer (rd.live.overlay=LABEL=)"""
    live_dir: str
    """directory of both (rd.live.dir=, LiveOS by default)"""
    squashfs: str
    """file name of the SquashFS there (rd.live.squashimg=, squashfs.img by default)"""

    @classmethod
    def of(cls, image: Path, beside: Beside) -> Self:
        """Read the names from the command line (dracut.cmdline(7)). Raises `ImageError`."""
        kernel, initrd, cmdline = beside.kernel, beside.initrd, beside.cmdline
        if kernel is None or initrd is None or cmdline is None:
            raise ImageError("--image-boot needs what boots the image: give --kernel, --initrd and --cmdline")
        words = Words.of(cmdline)
        label = _label("root", words.last("root"), "live:LABEL=")
        overlay = _label("rd.live.overlay", words.last("rd.live.overlay"), "LABEL=")
        live_dir = _part("rd.live.dir", words.last("rd.live.dir") or "LiveOS")
        squashfs = _part("rd.live.squashimg", words.last("rd.live.squashimg") or "squashfs.img")
        return cls(image.absolute(), kernel.absolute(), initrd.absolute(), cmdline, label, overlay, live_dir, squashfs)

    def line(self, console: str) -> str:
        """The command line as shipped, and after it what a virtual machine needs where the line says nothing of it."""
        words = Words.of(self.cmdline)
        added = []
        if not any(value.startswith("ttyS0") for value in words.values("console")):
            added.append(f"console={console}")
        if not words.last("net.ifnames"):
            added.append("net.ifnames=0")
        # What follows " -- " is for init alone.
        kernels, mark, inits = self.cmdline.partition(" -- ")
        return " ".join([kernels, *added]) + mark + inits


def _label(name: str, value: str, start: str) -> str:
    label = value.removeprefix(start)
    if not value.startswith(start) or not _LABEL.fullmatch(label):
        raise ImageError(f"{_UNFIT}: --cmdline must have {name}={start}NAME, and has {name}={value[:60]!a}")
    return label


def _part(name: str, value: str) -> str:
    if not _PART.fullmatch(value):
        raise ImageError(f"{_UNFIT}: {name}={value[:60]!a} is not one name without a slash")
    return value
