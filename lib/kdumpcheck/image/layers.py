# SPDX-License-Identifier: Apache-2.0
"""The root that tar archives make, laid upon each other as a container's layers are (OCI image layer spec).

Each archive is read once from its beginning to its end. What may be needed of it is kept in a private directory under
numbers, never under a name that the archive gives.
"""

from __future__ import annotations

import hashlib
import lzma
import tarfile
import time
import zlib
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, BinaryIO, Self

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.packed import unpacked
from kdumpcheck.image.tree import MOST_ENTRIES, Entry, Kind, Tree, followed, matters, parts_of

#: What is kept of the archives' files in all, and of one, in bytes: the RPM database and an initrd are the largest.
_MOST_KEPT = 2 << 30
_LARGEST = 512 << 20
#: Seconds, and bytes once unpacked: archives that go on after them are not read to their end.
_PATIENCE = 300.0
_LONGEST = 64 << 30
#: Bytes of a header that only gives a name; a real one has a few hundred, and tarfile would hold all of it in memory.
_LONGEST_NAME = 1 << 20
_NAMING = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
)
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
_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"


class LayerError(ImageError):
    """An archive that cannot be read to its end, or is not what it was said to be."""


@dataclass(slots=True)
class Layers:
    """The root so far. What bounds it bounds all layers together."""

    private: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    kept: Files = field(init=False)
    _seen: int = 0
    _bytes: int = 0
    _began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.kept = Files(self.private)

    @property
    def tree(self) -> Tree:
        """The files of the root."""
        return Tree(self.entries, self.kept)

    def lay(self, path: Path, content: str = "") -> None:
        """Lay an archive, plain or packed, upon what is there. Raises `LayerError`.

        `content` is the SHA-256 that it must have once unpacked, "" for one of which that is not known.
        """
        upper = _Upper()
        try:
            with unpacked(path) as stream:
                hashed = _Hashed(stream, hashlib.sha256(usedforsecurity=False)) if content else stream
                with tarfile.open(fileobj=hashed, mode="r|", tarinfo=Header) as archive:  # type: ignore[call-overload]
                    self._read(archive, upper)
                if isinstance(hashed, _Hashed):
                    self._finish(hashed, content)
        except (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
            if isinstance(error, ImageError):
                raise
            raise LayerError(f"no tar archive that can be read to its end ({error})") from None
        self._merge(upper)

    def _read(self, archive: tarfile.TarFile, upper: _Upper) -> None:
        for member in archive:
            self._seen += 1
            self._bound(archive.offset)
            upper.take(archive, member, self)
            archive.members = []  # type: ignore[attr-defined, unused-ignore]  # tarfile keeps every header otherwise
        self._bytes += archive.offset

    def _finish(self, stream: _Hashed, content: str) -> None:
        """Read what comes after the last file: it is part of what was hashed."""
        while stream.read(1 << 20):
            self._bound(stream.count)
        if stream.hash.hexdigest() != content:
            raise LayerError("its content is not what the image's configuration says (rootfs.diff_ids)")

    def _bound(self, offset: int) -> None:
        late = time.monotonic() - self._began > _PATIENCE
        if self._seen > MOST_ENTRIES or late or self._bytes + offset > _LONGEST:
            raise LayerError(f"larger than any node image: {self._seen} entries read, and no end")

    def _merge(self, upper: _Upper) -> None:
        # What lies in a directory goes with it, and where a file takes its place.
        covering = {name for name, entry in upper.entries.items() if entry.kind != "directory"}
        emptied = upper.gone | upper.opaque | covering
        for name in [each for each in self.entries if each in upper.gone or _beneath(each, emptied)]:
            del self.entries[name]
        if "" in upper.opaque:
            self.entries.clear()
        self.entries |= upper.entries
        numbers = {name: number for name, number in self.kept.numbers.items() if name in self.entries}
        self.kept.numbers = {name: number for name, number in numbers.items() if name not in upper.entries}
        self.kept.numbers |= upper.numbers

    def placed(self, name: str, own: Container[str]) -> str:
        """Where a file comes to lie: a directory on its way may be a link below, unless its own layer has that, too."""
        directory, _, last = name.rpartition("/")
        place = followed(self.entries, directory, own)
        return name if place is None else f"{place}/{last}".lstrip("/")


@dataclass(slots=True)
class _Upper:
    """One layer by itself: what it brings, and what it takes away of those below, wherever in it that is said."""

    entries: dict[str, Entry] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    opaque: set[str] = field(default_factory=set)
    """directories of which nothing that was in them stays"""

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, below: Layers) -> None:
        """Take one file, or what it says of those below."""
        parts = parts_of(member.name)
        if not parts or ".." in parts:
            return
        if parts[-1] == _OPAQUE:
            self.opaque.add(below.placed("/".join([*parts[:-1], ""]), self.entries).rstrip("/"))
            return
        # With twice the mark they are the storage driver's own notes.
        if parts[-1].startswith(_WHITEOUT * 2):
            return
        whiteout = parts[-1].startswith(_WHITEOUT)
        parts[-1] = parts[-1].removeprefix(_WHITEOUT)
        name = below.placed("/".join(parts), self.entries)
        if not matters(name):
            return
        if whiteout:
            self.gone.add(name)
        elif member.islnk():
            self._link(name, "/".join(parts_of(member.linkname)), below)
        else:
            self._add(name, archive, member, below.kept)

    def _add(self, name: str, archive: tarfile.TarFile, member: tarfile.TarInfo, kept: Files) -> None:
        kind: Kind = (
            "file" if member.isreg() else "directory" if member.isdir() else "link" if member.issym() else "other"
        )
        size, target = (member.size if kind == "file" else 0), (member.linkname if kind == "link" else "")
        self.entries[name] = Entry(kind, size, int(member.mtime), target)
        self.numbers.pop(name, None)
        source = archive.extractfile(member) if kind == "file" and name.startswith(_READ) else None
        number = kept.keep(source, member.size) if source is not None else None
        if number is not None:
            self.numbers[name] = number

    def _link(self, name: str, original: str, below: Layers) -> None:
        """A second name of a file, which may be in a layer below."""
        here = original in self.entries
        entry = (self.entries if here else below.entries).get(original)
        number = (self.numbers if here else below.kept.numbers).get(original)
        if entry is None or entry.kind == "directory":
            return
        self.entries[name] = entry
        self.numbers.pop(name, None)
        if number is not None:
            self.numbers[name] = number


@dataclass(slots=True)
class Files:
    """Contents that were kept, by the name of the file."""

    private: Path
    numbers: dict[str, int] = field(default_factory=dict)
    _count: int = 0
    _taken: int = 0

    def keep(self, source: IO[bytes], size: int) -> int | None:
        """Keep a content under a number of its own; None where it is too large."""
        self._taken += size
        if size > _LARGEST or self._taken > _MOST_KEPT:
            return None
        self._count += 1
        with (self.private / f"member-{self._count}").open("wb") as file:
            while block := source.read(1 << 20):
                file.write(block)
        return self._count

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Copy what was kept."""
        number = self.numbers.get(path)
        if number is None:
            raise ImageError(f"/{path} was not kept of the archive, for it is too large")
        with (self.private / f"member-{number}").open("rb") as file:
            while limit > 0 and (block := file.read(min(limit, 1 << 20))):
                into.write(block)
                limit -= len(block)


class Header(tarfile.TarInfo):
    """A header that is not right ends the reading: tarfile takes it for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Take a header as it stands in the archive. Raises `LayerError`."""
        try:
            header = super().frombuf(buf, encoding, errors)
        except (tarfile.InvalidHeaderError, tarfile.TruncatedHeaderError) as error:  # type: ignore[attr-defined]
            raise LayerError(f"no tar archive that can be read to its end ({error})") from None
        if header.type in _NAMING and header.size > _LONGEST_NAME:
            raise LayerError(f"a name in it is said to be {header.size} bytes long")
        return header


@dataclass(slots=True)
class _Hashed:
    """A stream that knows what went through it."""

    stream: IO[bytes]
    hash: hashlib._Hash
    count: int = 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.hash.update(data)
        self.count += len(data)
        return data


def _beneath(name: str, directories: Container[str]) -> bool:
    """Whether a file lies in one of these directories, however deep."""
    at = name.rfind("/")
    while at > 0:
        if name[:at] in directories:
            return True
        at = name.rfind("/", 0, at)
    return False
