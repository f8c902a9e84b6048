# SPDX-License-Identifier: Apache-2.0
"""An image that is a SquashFS file, read by unsquashfs: it lists, and prints single files; it unpacks nothing.

Nothing is mounted, so no root is needed and this machine's kernel never sees a superblock that somebody else made.
"""

from __future__ import annotations

import calendar
import os
import re
import secrets
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final, Literal

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.tree import MOST_ENTRIES, Entry, Kind, Tree, matters

_MAGIC: Final = b"hsqs"
_COMPRESSORS: Final = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}
#: Seconds for any one question; a 1 GB image is listed in about one.
_PATIENCE: Final = 60.0
_KINDS: Final[dict[str, Kind]] = {"-": "file", "d": "directory", "l": "link"}
# Small queues: unsquashfs otherwise sets aside 512 MB for what is never unpacked.
_FRUGAL: Final = ("-processors", "1", "-da", "16", "-fr", "16")


def is_squashfs(start: bytes) -> bool:
    """Whether a file begins as a SquashFS does."""
    return start.startswith(_MAGIC)


def open_squashfs(path: Path) -> Tree:
    """List a SquashFS file. Raises `ImageError` for one that is damaged, or packed in a way nobody can read here."""
    _refuse_unreadable(path)
    # Every line of ours begins with a word that the image cannot know: a name with a line break in it makes no entry.
    word = secrets.token_hex(16)
    line = re.compile(
        rb"([-dlcbps])[-rwxsStT]{9} +\d+/\d+ +(\d+|\d+, *\d+) (\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d) %b(.*)"
        % word.encode()
    )
    entries: dict[str, Entry] = {}
    with _unsquashfs("-lln", "-d", word, str(path)) as output:
        for number, raw in enumerate(output):
            if number >= MOST_ENTRIES:
                raise ImageError(f"{path}: more than {MOST_ENTRIES} entries; no node image has as many")
            found = line.fullmatch(raw.rstrip(b"\n"))
            if found:
                _add(entries, found)
    return Tree(entries, _Files(path))


def _add(entries: dict[str, Entry], found: re.Match[bytes]) -> None:
    kind = _KINDS.get(found[1].decode("ascii"), "other")
    name = found[8].decode("utf-8", errors="backslashreplace")
    target = ""
    if kind == "link":
        name, _, target = name.partition(" -> ")
    name = name.lstrip("/")
    if name and matters(name):
        moment = tuple(int(found[group]) for group in range(3, 8))
        size = int(found[2]) if kind == "file" else 0
        entries[name] = Entry(kind, size, calendar.timegm((*moment, 0, 0, 0, 0)), target)


@dataclass(frozen=True, slots=True)
class _Files:
    image: Path

    def copy(self, path: str, into: BinaryIO, limit: int) -> None:
        """Print one file: as its name is an argument of its own after the image's, it is never taken for an option."""
        left = limit
        with _unsquashfs("-cat", str(self.image), path) as output:
            while left > 0 and (block := output.read(min(left, 1 << 20))):
                into.write(block)
                left -= len(block)


@contextmanager
def _unsquashfs(first: Literal["-lln", "-cat"], *arguments: str) -> Iterator[IO[bytes]]:
    """Run unsquashfs and read what it prints; it is killed when it takes too long. Raises `ImageError`."""
    argv = ["unsquashfs", first, *_FRUGAL, *arguments]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    try:
        process = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
        )
    except OSError as error:
        raise ImageError(f"unsquashfs does not start ({error.strerror}): install squashfs-tools 4.5 or later") from None
    assert process.stdout is not None and process.stderr is not None  # noqa: S101 - for the type checker
    complaints: list[bytes] = []
    stderr = process.stderr
    reader = threading.Thread(target=lambda: complaints.append(_first(stderr)), daemon=True)
    reader.start()
    began = time.monotonic()
    killer = threading.Timer(_PATIENCE, process.kill)
    killer.start()
    try:
        yield process.stdout
        process.stdout.close()
        status = process.wait()
    finally:
        killer.cancel()
        process.kill()
        process.wait()
        reader.join(5)
    if time.monotonic() - began >= _PATIENCE:
        raise ImageError(f"unsquashfs {first} took more than {_PATIENCE:.0f} s")
    if status != 0:
        raise ImageError(f"unsquashfs cannot read it: {_excerpt(b''.join(complaints)) or f'it ended with {status}'}")


def _first(stream: IO[bytes]) -> bytes:
    kept = stream.read(4096)
    while stream.read(65536):
        pass
    return kept


def _excerpt(raw: bytes) -> str:
    lines = [" ".join(text.split()) for text in raw.decode("utf-8", errors="backslashreplace").splitlines()]
    shown = "; ".join(line for line in lines if line)[:200]
    return "".join(char if char.isprintable() else "?" for char in shown)


def _refuse_unreadable(path: Path) -> None:
    """Say in plain words what unsquashfs says in its own, or not at all (fs/squashfs/squashfs_fs.h)."""
    try:
        with path.open("rb") as file:
            start = file.read(96)
            size = file.seek(0, os.SEEK_END)
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    if len(start) < 96:
        raise ImageError(f"{path}: {size} bytes, which is less than a SquashFS has for its superblock")
    compressor, major, used = (
        *struct.unpack_from("<H", start, 20),
        *struct.unpack_from("<H", start, 28),
        *struct.unpack_from("<Q", start, 40),
    )
    if major != 4:
        raise ImageError(f"{path}: SquashFS version {major}; node images are of version 4")
    if compressor not in _COMPRESSORS:
        raise ImageError(f"{path}: packed with compressor {compressor}, which no SquashFS has (there are 1 to 6)")
    if used > size:
        raise ImageError(f"{path}: truncated: it holds {size} bytes of {used}; fetch or build it again")
