# SPDX-License-Identifier: Apache-2.0
"""Is a file a vmcore, and is all of it there? Told from its structure alone, without debuginfo."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from kdumpcheck.dumps import compressed, elf, flattened
from kdumpcheck.dumps.vmcoreinfo import VmcoreInfo
from kdumpcheck.dumps.window import FileWindow, Window


class Kind(StrEnum):
    """The formats a dump is written in."""

    COMPRESSED = "compressed"
    FLATTENED = "flattened"
    ELF = "ELF"
    NONE = "not a vmcore"


@dataclass(frozen=True, slots=True)
class Vmcore:
    """One file, as a dump."""

    kind: Kind
    size: int
    """bytes"""
    problem: str | None
    """why it is not whole, None when it is"""
    release: str | None = None
    """the kernel that crashed, as `uname -r` said"""
    crash_time: int | None = None
    """when it crashed, in seconds since 1970"""

    @property
    def complete(self) -> bool:
        """Whether everything that the dump says it holds is in the file."""
        return self.problem is None


def inspect(stream: BinaryIO) -> Vmcore:
    """Look at a file's structure; its pages themselves are not read.

    Takes 24 bytes of reading for each page saved, and at most a few MiB of memory beside a flattened file's list of
    pieces. Any bytes give an answer. Raises `OSError` where the file cannot be read.
    """
    file = FileWindow(stream)
    start = file.read(0, len(flattened.MAGIC))
    if start.startswith(flattened.MAGIC):
        broken, inner = flattened.open_flattened(file)
        problem, info = _inner(inner)
        return _vmcore(Kind.FLATTENED, file, broken or problem, info)
    if start.startswith(compressed.MAGIC):
        return _vmcore(Kind.COMPRESSED, file, *compressed.inspect(file))
    if start.startswith(elf.MAGIC):
        return _vmcore(Kind.ELF, file, *elf.inspect(file))
    return Vmcore(Kind.NONE, file.size, f"it begins with {start[:8].hex()}" if start else "it is empty")


def _inner(window: Window) -> tuple[str | None, VmcoreInfo]:
    start = window.read(0, 8)
    if start == compressed.MAGIC:
        return compressed.inspect(window)
    if start.startswith(elf.MAGIC):
        return elf.inspect(window)
    return "what it was flattened from is no vmcore", VmcoreInfo()


def _vmcore(kind: Kind, file: FileWindow, problem: str | None, info: VmcoreInfo) -> Vmcore:
    return Vmcore(kind, file.size, problem, info.release, info.crash_time)
