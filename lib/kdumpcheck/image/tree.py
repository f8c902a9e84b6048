# SPDX-License-Identifier: Apache-2.0
"""The files of an image by name. Links are resolved here, within the image, and never by this machine's kernel."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol

from kdumpcheck.image.errors import ImageError

Kind = Literal["file", "directory", "link", "other"]
#: More entries than any node image has (a real one has 200,000); what has more is not read to its end.
MOST_ENTRIES = 2_000_000
#: As many links in one path as Linux itself follows.
_MOST_LINKS = 40
#: Where what matters to kdump lies. What lies elsewhere is not kept, only counted.
_PLACES = (
    "boot/",
    "etc/",
    "root/.rpmdb/",
    "srv/cray/scripts/",
    "usr/bin/",
    "usr/sbin/",
    "usr/lib/dracut/",
    "usr/lib/kdump/",
    "usr/lib/modules/",
    "usr/lib/os-release",
    "usr/lib/sysimage/rpm/",
    "usr/lib/systemd/system/",
    "var/lib/kdump/",
    "var/lib/rpm/",
)
_TOP = ("bin/", "sbin/", "lib/")
_ON_THE_WAY = frozenset(
    "/".join(place.split("/")[:depth]) for place in _PLACES for depth in range(1, place.rstrip("/").count("/") + 1)
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its kind, size in bytes, mtime (seconds since 1970, UTC), and where a link says it leads."""

    kind: Kind
    size: int = 0
    mtime: int = 0
    target: str = ""


class Reader(Protocol):
    """Reads files of an image by paths in which nothing is a link."""

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Copy a regular file's first `limit` bytes. Raises `ImageError`."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of an image that may matter to kdump, by path without a leading "/" ("" is the root)."""

    entries: Mapping[str, Entry]
    reader: Reader

    def real(self, path: str) -> str | None:
        """The path with all links followed inside the image; None for one that leads nowhere, or in circles."""
        return followed(self.entries, path)

    def entry(self, path: str) -> Entry | None:
        """What stands at a path once links are followed, or None."""
        real = self.real(path)
        return None if real is None else self.entries.get(real, Entry("directory") if not real else None)

    def link(self, path: str) -> Entry | None:
        """What stands at a path itself, a link or not, or None."""
        parent, _, name = path.strip("/").rpartition("/")
        real = self.real(parent)
        return None if real is None else self.entries.get(f"{real}/{name}".lstrip("/"))

    def is_file(self, path: str) -> bool:
        """Whether a path leads to a regular file that is not empty."""
        entry = self.entry(path)
        return entry is not None and entry.kind == "file" and entry.size > 0

    def names(self, directory: str) -> tuple[str, ...]:
        """The names in a directory, sorted; none when there is no such directory."""
        real = self.real(directory)
        if real is None:
            return ()
        start = f"{real}/" if real else ""
        below = (path[len(start) :] for path in self.entries if path.startswith(start))
        return tuple(sorted(name for name in below if name and "/" not in name))

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Copy a regular file out of the image. Raises `ImageError`, also for one larger than `limit` bytes."""
        real, entry = self.real(path), self.entry(path)
        if real is None or entry is None or entry.kind != "file":
            raise ImageError(f"/{path.strip('/')} is no file in the image")
        if entry.size > limit:
            raise ImageError(f"/{path.strip('/')} is {entry.size} bytes large; at most {limit} are read of it")
        self.reader.copy(real, into, limit)


def followed(entries: Mapping[str, Entry], path: str, whole: Container[str] | None = None) -> str | None:
    """A path with all links in it followed among these entries; None for one that leads nowhere, or in circles.

    With `whole`, what is not there leads nowhere else, and what `whole` names is no link, whatever `entries` says.
    """
    done: list[str] = []
    todo = parts_of(path)[::-1]
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            # The root's parent is the root: no link leads out of an image.
            done = done[:-1]
            continue
        here = "/".join([*done, part])
        entry = entries.get(here)
        if entry is None and whole is None:
            return None
        if entry is None or entry.kind != "link" or (whole is not None and here in whole):
            done.append(part)
            continue
        links += 1
        if links > _MOST_LINKS or len(todo) > 4096:
            return None
        if entry.target.startswith("/"):
            done = []
        todo += parts_of(entry.target)[::-1]
    return "/".join(done)


def matters(path: str) -> bool:
    """Whether an entry is kept: it lies in a place of interest, or is on the way to one."""
    return path.startswith(_PLACES) or path.startswith(_TOP) or path.count("/") < 2 or is_on_the_way(path)


def is_on_the_way(path: str) -> bool:
    """Whether a place of interest lies below this path."""
    return path in _ON_THE_WAY or f"{path}/" in _PLACES


def parts_of(path: str) -> list[str]:
    """The names that a path is made of."""
    return [part for part in path.split("/") if part not in {"", "."}]
