# SPDX-License-Identifier: Apache-2.0
"""A control group for each container node, so that no two systemds take each other's services for their own."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

_MOUNT: Final = Path("/sys/fs/cgroup")


def hierarchies() -> tuple[Path, ...]:
    """Where systemd keeps its groups: the one hierarchy of cgroup v2, or the two of a hybrid setup."""
    if (_MOUNT / "cgroup.controllers").exists():
        return (_MOUNT,)
    return tuple(path for path in (_MOUNT / "systemd", _MOUNT / "unified") if (path / "cgroup.procs").exists())


def lab_group(lab: Path) -> str:
    """Name of the group all containers of a lab are below."""
    return f"kdumpcheck-{hashlib.sha256(str(lab).encode()).hexdigest()[:12]}"


def remove(group: str) -> None:
    """Remove a group and everything below it, as far as no process is left in it."""
    for hierarchy in hierarchies():
        top = hierarchy / group
        inside = [path for path in top.rglob("*") if path.is_dir()] if top.is_dir() else []
        for path in sorted(inside, key=lambda path: len(path.parts), reverse=True):
            _rmdir(path)
        _rmdir(top)


def left(group: str) -> list[Path]:
    """What is still there of a group."""
    return [hierarchy / group for hierarchy in hierarchies() if (hierarchy / group).exists()]


def _rmdir(path: Path) -> None:
    try:
        path.rmdir()
    except OSError:  # not there, or its last process is just leaving; `left` tells in the end
        return
