# SPDX-License-Identifier: Apache-2.0
"""Where the pieces of a container image are: in a directory, or in a tar archive. No link in either is followed out."""

from __future__ import annotations

import hashlib
import lzma
import os
import posixpath
import re
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from kdumpcheck.checks.judge import one_line
from kdumpcheck.image.directory import open_beneath
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.layers import Header
from kdumpcheck.image.packed import is_packed, unpacked

#: Bytes of one layer, and of a packed archive once unpacked; more is not laid down on this machine's disk.
_LARGEST = 16 << 30
#: Files in an archive of an image: two or three for each layer.
_MOST_FILES = 10_000
#: What only an archive of a container image has at its top: docker's, podman's, buildkit's, crane's, an OCI layout's.
_OURS = re.compile(r"(?:\./)?(?:oci-layout|blobs(?:/sha256.*)?|(?:sha256:)?[0-9a-f]{64}(?:[/.].*)?)/?")
#: How many files are looked at to tell a container image from a root that was packed: the first one tells.
_FIRST = 20
_DAMAGE = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class Blobs(Protocol):
    """The files of a container image, by their names in it."""

    def has(self, name: str) -> bool:
        """Whether there is such a file."""

    def open(self, name: str) -> IO[bytes]:
        """A file of it, to be read. Raises `ImageError`."""


def is_layout(path: Path) -> bool:
    """Whether a directory is an OCI image layout, and no root."""
    return (path / "oci-layout").is_file()


def is_archive(path: Path) -> bool:
    """Whether a file is an archive of a container image, and not one of a root."""
    try:
        with unpacked(path) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=Header) as archive:
            return any(_OURS.fullmatch(member.name) for member in islice(archive, _FIRST))
    except _DAMAGE:
        return False  # what it is instead, its own reader says


@contextmanager
def layout(path: Path) -> Iterator[Blobs]:
    """The blobs of an OCI image layout."""
    yield _Directory(path.resolve(strict=True))


@contextmanager
def archived(path: Path, private: Path) -> Iterator[Blobs]:
    """The blobs in an archive; a packed one is unpacked into a private file, for its pieces stand in any order."""
    plain = private / "archive"
    try:
        if is_packed(path):
            with unpacked(path) as stream, plain.open("wb") as file:
                _copy(stream, file, _LARGEST, f"more than {_LARGEST} bytes once unpacked")
        with tarfile.open(plain if plain.exists() else path, "r:", tarinfo=Header) as archive:
            members = list(islice(archive, _MOST_FILES + 1))
            if len(members) > _MOST_FILES:
                raise ImageError(f"more than {_MOST_FILES} files in an archive of a container image")
            yield _Archive(archive, {posixpath.normpath(member.name): member for member in members})
    except _DAMAGE as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"no tar archive that can be read to its end ({error})") from None
    finally:
        plain.unlink(missing_ok=True)


def text(blobs: Blobs, name: str, limit: int) -> bytes:
    """A small file of an image. Raises `ImageError`, also for one larger than `limit` bytes."""
    with blobs.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ImageError(f"{shown(name)} has more than {limit} bytes")
    return data


@contextmanager
def fetched(blobs: Blobs, name: str, private: Path, sha256: str = "", size: int | None = None) -> Iterator[Path]:
    """A private copy of a file with this digest and size (bytes), gone afterwards. Raises `ImageError`."""
    copy = private / "blob"
    limit = _LARGEST if size is None else min(size, _LARGEST)
    try:
        with blobs.open(name) as source, copy.open("wb") as file:
            count, digest = _copy(source, file, limit, f"{shown(name)} has more than {limit} bytes")
        if size is not None and count != size:
            raise ImageError(f"{shown(name)} has {count} bytes of {size}: fetch or build it again")
        if sha256 and digest != sha256:
            raise ImageError(f"{shown(name)} is damaged: its SHA-256 is {digest}")
        yield copy
    finally:
        copy.unlink(missing_ok=True)


def shown(value: object) -> str:
    """A word of an image's on one harmless line."""
    return one_line(str(value), 100)


def _copy(source: IO[bytes], into: IO[bytes], limit: int, too_large: str) -> tuple[int, str]:
    digest, count = hashlib.sha256(usedforsecurity=False), 0
    while block := source.read(1 << 20):
        count += len(block)
        if count > limit:
            raise ImageError(too_large)
        digest.update(block)
        into.write(block)
    return count, digest.hexdigest()


class _Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def has(self, name: str) -> bool:
        return (self._root / name).is_file()

    def open(self, name: str) -> IO[bytes]:
        try:
            return os.fdopen(open_beneath(self._root, name), "rb")
        except OSError as error:
            raise ImageError(f"{shown(name)} cannot be read ({error.strerror})") from None


class _Archive:
    def __init__(self, archive: tarfile.TarFile, members: dict[str, tarfile.TarInfo]) -> None:
        self._archive, self._members = archive, members

    def has(self, name: str) -> bool:
        return name in self._members

    def open(self, name: str) -> IO[bytes]:
        member = self._members.get(posixpath.normpath(name))
        if member is not None and member.issym():
            # docker lets a layer that it has already be a link to it; the archive is asked, never this machine.
            beside = posixpath.join(posixpath.dirname(posixpath.normpath(name)), member.linkname)
            member = self._members.get(posixpath.normpath(beside))
        source = (
            self._archive.extractfile(member)
            if member is not None and member.isreg() and not member.issparse()
            else None
        )
        if source is None:
            raise ImageError(f"{shown(name)} is not in it, or is no file")
        return source
