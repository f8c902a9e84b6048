# SPDX-License-Identifier: Apache-2.0
"""What a dump says of itself: of which kernel, node and moment it is, and how it was made."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One of several files that a dump was split over: page frames `start` up to `end` of `whole`."""

    start: int
    end: int
    whole: int


@dataclass(frozen=True, slots=True)
class Contents:
    """None stands for what the dump does not tell; all text is printable."""

    release: str | None = None
    """the kernel that crashed, as `uname -r` said"""
    crash_time: int | None = None
    """when it crashed, in seconds since 1970"""
    node: str | None = None
    """the node, as `uname -n` said"""
    level: int | None = None
    """which pages were left out (makedumpfile(8) -d)"""
    compression: str | None = None
    """zlib, lzo, snappy, zstd or none"""
    pages: int | None = None
    """how many pages are saved in this file"""
    part: Part | None = None
    """where a dump was split over several files"""
    vmcoreinfo: bool = False
    """whether VMCOREINFO is in it, without which no tool can open it"""
