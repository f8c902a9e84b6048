# SPDX-License-Identifier: Apache-2.0
"""What a new XFS is to hold, as mkfs.xfs -p reads it (mkfs.xfs(8), "protofile"): so nothing need be mounted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """A file of root's in the upper layer: its path there, its mode, and the file with its content.

    `content` is relative to where mkfs.xfs runs, and without blanks, which a protofile cannot have. The directories on
    the way hide the mode of those below them, so that each has its own: `private` ones are for root alone.
    """

    path: str
    mode: int
    content: str
    private: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Directory:
    mode: int = 0o755
    files: dict[str, File] = field(default_factory=dict)
    below: dict[str, _Directory] = field(default_factory=dict)


def plan(files: Iterable[File], layer: str, *empty: str) -> str:
    """The protofile: these files below the directory `layer`, and some directories with nothing in them."""
    root = _Directory()
    for path in (layer, *empty):
        _reach(root, path)
    for file in files:
        parent, _, name = file.path.strip("/").rpartition("/")
        directory = _reach(root, layer)
        for depth, part in enumerate(parts := parent.split("/"), 1):
            directory = directory.below.setdefault(part, _Directory())
            if "/".join(parts[:depth]) in file.private:
                directory.mode = 0o700
        directory.files[name] = file
    # The first line would name a boot block and the second sizes; both are read and left unused.
    return "\n".join(["/dev/null", "0 0", *_lines("", root)]) + "\n"


def _reach(root: _Directory, path: str) -> _Directory:
    for part in path.split("/"):
        root = root.below.setdefault(part, _Directory())
    return root


def _lines(name: str, directory: _Directory) -> list[str]:
    lines = [f"{name} d--{directory.mode:03o} 0 0".strip()]
    for each, file in directory.files.items():
        lines.append(f"{each} ---{file.mode:03o} 0 0 {file.content}")
    for each, below in directory.below.items():
        lines += _lines(each, below)
    return [*lines, "$"]
