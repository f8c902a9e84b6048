# SPDX-License-Identifier: Apache-2.0
"""An image that is a tar archive, plain or packed: a root that was packed, or one layer of an OCI image.

The archive is read once from its beginning to its end. What may be needed of it is kept in a private directory under
numbers, never under a name that the archive gives.
"""

from __future__ import annotations

import lzma
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.packed import unpacked
from kdumpcheck.image.tree import MOST_ENTRIES, Entry, Kind, Tree, matters

#: What is kept of an archive's files in all, and of one, in bytes: the RPM database and an initrd are the largest.
_MOST_KEPT = 2 << 30
_LARGEST = 512 << 20
#: Seconds, and bytes once unpacked: an archive that goes on after them is not read to its end.
_PATIENCE = 300.0
_LONGEST = 64 << 30
#: Kept beside what is small: nothing else is ever read.
_READ = (
    "etc/",
    "root/.rpmdb/",
    "usr/lib/sysimage/rpm/",
    "var/lib/rpm/",
    "var/lib/kdump/",
    "boot/initr",
    "usr/lib/os-release",
)


def open_archive(path: Path, private: Path) -> Tree:
    """Read a tar archive through. Raises `ImageError` for one that is damaged, or none."""
    entries: dict[str, Entry] = {}
    kept = _Files(private)
    began = time.monotonic()
    try:
        with _opened(path) as archive:
            for number, member in enumerate(archive):
                if number >= MOST_ENTRIES or time.monotonic() - began > _PATIENCE or archive.offset > _LONGEST:
                    raise ImageError(f"{path}: larger than any node image: {number} entries read, and no end")
                _take(archive, member, entries, kept)
                archive.members = []  # type: ignore[attr-defined, unused-ignore]  # tarfile keeps every header otherwise
    except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{path}: no tar archive that can be read to its end ({error})") from None
    return Tree(entries, kept)


@contextmanager
def _opened(path: Path) -> Iterator[tarfile.TarFile]:
    with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
        yield archive


def _take(archive: tarfile.TarFile, member: tarfile.TarInfo, entries: dict[str, Entry], kept: _Files) -> None:
    parts = [part for part in member.name.split("/") if part not in {"", "."}]
    if ".." in parts:
        return
    name = "/".join(parts)
    if not name or not matters(name):
        return
    if member.islnk():
        original = "/".join(part for part in member.linkname.split("/") if part not in {"", "."})
        if original in entries:
            entries[name] = entries[original]
            if original in kept.numbers:
                kept.numbers[name] = kept.numbers[original]
        return
    kind: Kind = "file" if member.isreg() else "directory" if member.isdir() else "link" if member.issym() else "other"
    mtime = int(member.mtime)
    entries[name] = Entry(kind, member.size if kind == "file" else 0, mtime, member.linkname if kind == "link" else "")
    if kind == "file" and name.startswith(_READ):
        source = archive.extractfile(member)
        if source is not None:
            kept.keep(name, source, member.size)


@dataclass(slots=True)
class _Files:
    private: Path
    numbers: dict[str, int] = field(default_factory=dict)
    taken: int = 0

    def keep(self, name: str, source: IO[bytes], size: int) -> None:
        """Keep a file of the archive; the last of a name counts, as when it is unpacked."""
        self.taken += size
        if size > _LARGEST or self.taken > _MOST_KEPT:
            return
        number = len(self.numbers)
        with (self.private / f"member-{number}").open("wb") as file:
            while block := source.read(1 << 20):
                file.write(block)
        self.numbers[name] = number

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Copy what was kept."""
        number = self.numbers.get(path)
        if number is None:
            raise ImageError(f"/{path} was not kept of the archive, for it is too large")
        with (self.private / f"member-{number}").open("rb") as file:
            while limit > 0 and (block := file.read(min(limit, 1 << 20))):
                into.write(block)
                limit -= len(block)
