# SPDX-License-Identifier: Apache-2.0
"""Is a file a vmcore, and is all of it there? Told from its structure alone, without debuginfo."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from kdumpcheck.dumps import compressed, elf, flattened
from kdumpcheck.dumps.contents import Contents
from kdumpcheck.dumps.verdict import Problem, Verdict, broken, cut
from kdumpcheck.dumps.window import FileWindow, RawWindow, Window

_MAGICS = (flattened.MAGIC, compressed.MAGIC, elf.MAGIC)


class Kind(StrEnum):
    """The formats a dump is written in."""

    COMPRESSED = "compressed"
    FLATTENED = "flattened"
    ELF = "ELF"
    NONE = "not a vmcore"


@dataclass(frozen=True, slots=True)
class Vmcore:
    """One file, as a dump. `size` is in bytes; `flaw` is None when it is whole."""

    kind: Kind
    size: int
    flaw: Problem | None = None
    told: Contents = field(default_factory=Contents)
    inner: Kind | None = None
    """the format that was flattened"""

    @property
    def verdict(self) -> Verdict:
        """Whether everything that the dump says it holds is in the file."""
        return self.flaw.verdict if self.flaw is not None else Verdict.COMPLETE

    @property
    def complete(self) -> bool:
        """True when it is whole."""
        return self.flaw is None

    @property
    def problem(self) -> str | None:
        """Why it is not whole, None when it is."""
        return self.flaw.reason if self.flaw is not None else None

    @property
    def release(self) -> str | None:
        """The kernel that crashed, as `uname -r` said."""
        return self.told.release

    @property
    def crash_time(self) -> int | None:
        """When it crashed, in seconds since 1970."""
        return self.told.crash_time


def inspect(stream: BinaryIO) -> Vmcore:
    """Look at a file's structure; its pages themselves are not read.

    Takes 24 bytes of reading for each page saved, and a few MiB of memory beside 24 bytes for each piece of a flattened
    file. Any bytes give an answer. Raises `OSError` where the file cannot be read.
    """
    return inspect_window(FileWindow(stream))


def inspect_window(file: RawWindow) -> Vmcore:
    """The same of a file that is read in another way, as one on a node is (`NodeFile`)."""
    start = file.read(0, len(flattened.MAGIC))
    if start.startswith(flattened.MAGIC):
        outer, inside = flattened.open_flattened(file)
        kind, flaw, told = _inner(inside)
        return Vmcore(Kind.FLATTENED, file.size, outer or flaw, told, kind)
    if start.startswith(compressed.MAGIC):
        return Vmcore(Kind.COMPRESSED, file.size, *compressed.inspect(file))
    if start.startswith(elf.MAGIC):
        return Vmcore(Kind.ELF, file.size, *elf.inspect(file))
    return Vmcore(Kind.NONE, file.size, not_one(start))


def not_one(start: bytes) -> Problem:
    """Why a file that begins so is no vmcore."""
    if not start:
        return cut("it is empty")
    if any(magic.startswith(start) for magic in _MAGICS):
        return cut("it ends within its first bytes")
    if not any(start):
        return cut("it begins with zeros: its data never reached the disk")
    return broken(f"it begins with {start[:8].hex()}, which is no vmcore's beginning")


def _inner(window: Window) -> tuple[Kind | None, Problem | None, Contents]:
    start = window.read(0, 8)
    if start == compressed.MAGIC:
        return (Kind.COMPRESSED, *compressed.inspect(window))
    if start.startswith(elf.MAGIC):
        return (Kind.ELF, *elf.inspect(window))
    return None, broken("what it was flattened from is no vmcore"), Contents()
