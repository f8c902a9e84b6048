# SPDX-License-Identifier: Apache-2.0
"""The content hash an image is cached under: everything of ours that decides what is in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

GUEST: Final = Path(__file__).resolve().parent.parent / "guest"
"""The tree of files that go into the node."""

BUILDER: Final = Path(__file__).resolve().parent
"""The source of the builder itself: a change there may change the image, too."""

# What is for people and their tools; a change there makes no other image.
_IGNORED: Final = frozenset({"__pycache__", ".shellcheckrc", "README.md"})


def content_hash(roots: Iterable[Path] = (GUEST, BUILDER)) -> str:
    """Hash of names and bytes of all files below the roots: 12 hexadecimal digits."""
    digest = hashlib.sha256()
    for root in roots:
        for path in sorted(_files(root)):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root)}\0{len(data)}\0".encode())
            digest.update(data)
    return digest.hexdigest()[:12]


def _files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not _IGNORED.intersection(path.relative_to(root).parts):
            yield path
