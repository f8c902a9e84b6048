# SPDX-License-Identifier: Apache-2.0
"""Putting the guest tree of this package into the node's root."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.content import GUEST
from kdumpcheck.lab.image.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kdumpcheck.lab.image.dialect import Dialect

COMMON: Final = "common"
"""The layer of the guest tree every node has; its dialect's own comes on top."""
NCN: Final = "node"
"""What makes a node an NCN: the layer between the two, and the name of its own list of links."""


def install_tree(root: Path, dialect: Dialect) -> None:
    """Copy the layers and make the links of the guest tree."""
    for layer in layers(dialect):
        for source in sorted((GUEST / layer).rglob("*")):
            if source.is_file():
                _install_file(source, root / source.relative_to(GUEST / layer))
    for path, target in links(dialect):
        _install_link(root / path, target)


def layers(dialect: Dialect) -> tuple[str, ...]:
    """The layers of a dialect's node, the lowest first."""
    return (COMMON, dialect.layer) if dialect.plain else (COMMON, NCN, dialect.layer)


def links(dialect: Dialect) -> Iterator[tuple[str, str]]:
    """The symbolic links of a dialect's node: path in the root, target."""
    for name in layers(dialect):
        listing = GUEST / "links" / name
        if listing.is_file():
            yield from read_links(listing.read_text(encoding="utf-8"))


def read_links(text: str) -> Iterator[tuple[str, str]]:
    """Pairs (path in the root, target) of the link list."""
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if len(words) != 2 or words[0].startswith("/"):
            raise ImageError(f"guest link list, line {number}: expected 'path target', got {line!r}")
        yield words[0], words[1]


def _install_file(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    _clear(target)
    data = source.read_bytes()
    target.write_bytes(data)
    # Modes do not survive every way of installing a Python package, so they follow from the content.
    target.chmod(0o755 if data.startswith(b"#!") else 0o644)


def _install_link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    path.symlink_to(target)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
