# SPDX-License-Identifier: Apache-2.0
"""A packed file as a stream of what is in it, by its first bytes: gzip, xz, bzip2, zstd, lz4, or plain."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from kdumpcheck.image.errors import ImageError

_GZIP, _XZ, _BZIP2 = b"\x1f\x8b", (b"\xfd7zXZ", b"]\x00\x00"), b"BZh"
#: What Python itself cannot unpack, by the first bytes of it.
_PROGRAMS = {b"\x28\xb5\x2f\xfd": ("zstd", "-dcq"), b"\x02\x21\x4c\x18": ("lz4", "-dcq"), b"\x89LZO": ("lzop", "-dcq")}


def is_packed(path: Path) -> bool:
    """Whether a file is packed in a way that `unpacked` undoes. Raises `OSError`."""
    with path.open("rb") as file:
        start = file.read(6)
    return start[:4] in _PROGRAMS or start.startswith((_GZIP, *_XZ, _BZIP2))


@contextmanager
def unpacked(path: Path, offset: int = 0) -> Iterator[IO[bytes]]:
    """The content of a file from `offset` on; damage shows while reading. Raises `ImageError`."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            start = file.read(6)
            file.seek(offset)
            with _stream(file, offset, start) as stream:
                yield stream
    except OSError as error:
        if error.errno is None:  # damage inside, as gzip and bz2 tell it
            raise
        raise ImageError(f"{path}: {error.strerror}") from None


@contextmanager
def _stream(file: IO[bytes], offset: int, start: bytes) -> Iterator[IO[bytes]]:
    program = _PROGRAMS.get(start[:4])
    if start.startswith(_GZIP):
        with gzip.open(file) as stream:
            yield stream  # type: ignore[misc]
    elif start.startswith(_XZ):
        with lzma.open(file) as stream:
            yield stream
    elif start.startswith(_BZIP2):
        with bz2.open(file) as stream:
            yield stream
    elif program:
        # A program reads from where the descriptor stands, whatever Python has read ahead.
        os.lseek(file.fileno(), offset, os.SEEK_SET)
        with _piped(program, file) as stream:
            yield stream
    else:
        yield file


@contextmanager
def _piped(program: tuple[str, ...], file: IO[bytes]) -> Iterator[IO[bytes]]:
    try:
        process = subprocess.Popen(program, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except OSError:
        raise ImageError(f"{program[0]} is not on this machine; install it to unpack the image") from None
    assert process.stdout is not None  # noqa: S101 - for the type checker
    try:
        yield process.stdout
    finally:
        process.stdout.close()
        process.kill()
        process.wait()
