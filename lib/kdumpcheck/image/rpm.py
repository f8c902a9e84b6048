# SPDX-License-Identifier: Apache-2.0
"""The RPM database of an image, read offline, in each form that SLES has had: ndb, SQLite and Berkeley DB.

A Debian rpm knows no ndb, and to let a program of this machine open a database that somebody else made is more than is
needed: a package's header is a few numbers and strings (rpm docs, "Header format"). Only Berkeley DB is left to rpm.
"""

from __future__ import annotations

import sqlite3
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.tree import Tree

#: Where SUSE keeps it, where others do, and where a Debian rpm has root's.
DIRECTORIES: Final = ("usr/lib/sysimage/rpm", "var/lib/rpm", "root/.rpmdb")
_LARGEST: Final = 512 << 20
_PATIENCE: Final = 30.0
_NAME, _VERSION, _RELEASE = 1000, 1001, 1002
_STRING: Final = 6


def installed(tree: Tree, private: Path) -> list[tuple[str, str]] | None:
    """Name and version-release of each package; None where the image has no RPM database. Raises `ImageError`."""
    for directory in DIRECTORIES:
        for name, read in (("rpmdb.sqlite", _sqlite), ("Packages.db", _ndb), ("Packages", _bdb)):
            if tree.is_file(f"{directory}/{name}"):
                return [_named(found) for found in read(_copied(tree, directory, name, private))]
    return None


def _copied(tree: Tree, directory: str, name: str, private: Path) -> Path:
    """A copy that nobody else has open; what SQLite has not yet put into its file lies beside it."""
    for each in (name, f"{name}-wal"):
        if tree.is_file(f"{directory}/{each}"):
            with (private / each).open("wb") as file:
                tree.copy(f"{directory}/{each}", file, _LARGEST)
    return private / name


def _named(package: tuple[str, str, str]) -> tuple[str, str]:
    name, version, release = package
    return name, f"{version}-{release}"


def _sqlite(path: Path) -> list[tuple[str, str, str]]:
    """lib/backend/sqlite.c: one table of headers."""
    until = time.monotonic() + _PATIENCE
    try:
        with closing(sqlite3.connect(path)) as database:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 64 << 20)
            database.set_progress_handler(lambda: int(time.monotonic() > until), 100_000)
            rows = database.execute("SELECT blob FROM Packages")
            return [package for (blob,) in rows if (package := header(blob))]
    except (sqlite3.Error, TypeError, ValueError) as error:
        raise ImageError(f"the image's RPM database (SQLite) cannot be read: {error}") from None


def _ndb(path: Path) -> list[tuple[str, str, str]]:
    """lib/backend/ndb/rpmpkg.c: pages of slots, each naming a blob by its block of 16 bytes."""
    data = path.read_bytes()
    if len(data) < 4096 or data[:4] != b"RpmP" or struct.unpack_from("<I", data, 4) != (0,):
        raise ImageError("the image's RPM database (ndb) does not begin as one")
    (pages,) = struct.unpack_from("<I", data, 12)
    return [package for blob in _blobs(data, pages) if (package := header(blob))]


def _blobs(data: bytes, pages: int) -> Iterator[bytes]:
    for offset in range(32, min(pages * 4096, len(data) - 15), 16):
        magic, index, block, _ = struct.unpack_from("<4sIII", data, offset)
        if magic != b"Slot":
            raise ImageError("the image's RPM database (ndb) is damaged: a slot is none")
        start = block * 16
        if not index:
            continue
        if start + 16 > len(data):
            raise ImageError("the image's RPM database (ndb) is damaged: a package lies beyond its end")
        mark, again, _, length = struct.unpack_from("<4sIII", data, start)
        if mark != b"BlbS" or again != index or start + 16 + length > len(data):
            raise ImageError("the image's RPM database (ndb) is damaged: a package is not where its slot says")
        yield data[start + 16 : start + 16 + length]


def header(blob: bytes) -> tuple[str, str, str] | None:
    """Name, version and release out of a package's header; None for what is not one (a public key has no release)."""
    if len(blob) < 8:
        return None
    entries, size = struct.unpack_from(">II", blob)
    store = 8 + entries * 16
    if entries > 65536 or store + size > len(blob):
        return None
    found: dict[int, str] = {}
    for number in range(entries):
        tag, kind, offset, _ = struct.unpack_from(">IIII", blob, 8 + number * 16)
        if tag in {_NAME, _VERSION, _RELEASE} and kind == _STRING and offset < size:
            text = blob[store + offset : blob.find(b"\0", store + offset)]
            found[tag] = text[:256].decode("utf-8", errors="backslashreplace")
    return (found[_NAME], found[_VERSION], found[_RELEASE]) if len(found) == 3 else None


def _bdb(path: Path) -> list[tuple[str, str, str]]:
    """Berkeley DB is left to this machine's rpm, which reads it without writing (lib/backend/bdb_ro.cc)."""
    argv = ["rpm", "--dbpath", str(path.parent), "--define", "_db_backend bdb_ro", "--nodigest", "--nosignature"]
    argv += ["-qa", "--queryformat", r"%{NAME}\t%{VERSION}\t%{RELEASE}\n"]
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(path.parent), "LC_ALL": "C.UTF-8"}
    try:
        answer = subprocess.run(
            argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ImageError(f"the image's RPM database (Berkeley DB) needs an rpm here that reads it: {error}") from None
    text = answer.stdout.decode("utf-8", errors="backslashreplace")
    rows = [tuple(line.split("\t")) for line in text.splitlines()]
    if answer.returncode != 0 or b"error" in answer.stderr or not rows:
        complaint = answer.stderr.decode("utf-8", errors="backslashreplace").strip().partition("\n")[0]
        raise ImageError(f"the image's RPM database (Berkeley DB) cannot be read: {complaint or 'it is empty'}")
    return [(row[0], row[1], row[2]) for row in rows if len(row) == 3]
