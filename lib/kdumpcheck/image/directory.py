# SPDX-License-Identifier: Apache-2.0
"""An image that is unpacked: a directory that is somebody's root."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.tree import MOST_ENTRIES, Entry, Tree, is_on_the_way, matters


def open_directory(path: Path) -> Tree:
    """List an unpacked root, following no link in it. Raises `ImageError`."""
    try:
        path.resolve(strict=True).iterdir()
        return Tree(dict(_walk(path.resolve(strict=True))), _Files(path.resolve(strict=True)))
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None


def _walk(root: Path) -> Iterator[tuple[str, Entry]]:
    waiting = [""]
    seen = 0
    while waiting:
        directory = waiting.pop()
        with os.scandir(root / directory) as found:
            for each in found:
                seen += 1
                if seen > MOST_ENTRIES:
                    raise ImageError(f"{root}: more than {MOST_ENTRIES} entries; no node image has as many")
                # A name that is no UTF-8, or holds a line break, is kept so that it can be shown.
                name = f"{directory}/{each.name}".lstrip("/").encode("utf-8", "surrogateescape")
                shown = name.decode("utf-8", errors="backslashreplace")
                status = each.stat(follow_symlinks=False)
                if matters(shown):
                    yield shown, _entry(each, status)
                if stat.S_ISDIR(status.st_mode) and (_deep(shown) or is_on_the_way(shown)):
                    waiting.append(os.fsdecode(name))


def _deep(path: str) -> bool:
    return path.count("/") < 1 or matters(f"{path}/")


def _entry(each: os.DirEntry[str], status: os.stat_result) -> Entry:
    mtime = int(status.st_mtime)
    if stat.S_ISLNK(status.st_mode):
        return Entry(
            "link", 0, mtime, os.fsencode(Path(each.path).readlink()).decode("utf-8", errors="backslashreplace")
        )
    if stat.S_ISREG(status.st_mode):
        return Entry("file", status.st_size, mtime)
    return Entry("directory" if stat.S_ISDIR(status.st_mode) else "other", 0, mtime)


@dataclass(frozen=True, slots=True)
class _Files:
    root: Path

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Copy a file that is one still, and that no link leads to."""
        try:
            opened = open_beneath(self.root, path)
        except OSError as error:
            raise ImageError(f"/{path} of the image cannot be read ({error.strerror})") from None
        with os.fdopen(opened, "rb") as file:
            while limit > 0 and (block := file.read(min(limit, 1 << 20))):
                into.write(block)
                limit -= len(block)


def open_beneath(root: Path, path: str) -> int:
    """Open a regular file, each part of its path by itself, so that what was a directory a moment ago is no link now.

    Raises `OSError`.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        *parents, name = path.split("/")
        for parent in parents:
            below = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        # A FIFO would otherwise keep us waiting for who writes into it.
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=descriptor)
    finally:
        os.close(descriptor)
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise OSError(errno.EINVAL, "not a regular file")
    return opened
