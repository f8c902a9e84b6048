# SPDX-License-Identifier: Apache-2.0
"""The mounts of the running node, out of the kernel's own table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A mount of the running node: where, as what file system, of which source, and how, in mountinfo's words."""

    point: str
    fstype: str
    source: str
    options: tuple[str, ...] = ()


def place_of(line: str) -> Place | None:
    """One line of proc_pid_mountinfo(5); None for what is none."""
    left, dash, right = line.partition(" - ")
    before, after = left.split(), right.split()
    if not dash or len(before) <= 5 or len(after) <= 1:
        return None
    return Place(before[4], after[0], after[1], tuple(before[5].split(",")))


def mount_of(places: Iterable[Place], path: str) -> Place | None:
    """The mount on which a path lies: the longest that fits, and of equal ones the last."""
    fitting = [place for place in places if lies_under(path, place.point)]
    return max(reversed(fitting), key=lambda place: len(place.point.rstrip("/")), default=None)


def lies_under(path: str, point: str) -> bool:
    """Whether a path is a mount point, or below it."""
    stem = point.rstrip("/")
    return path == stem or path.startswith(stem + "/")
