# SPDX-License-Identifier: Apache-2.0
"""The content hashes images and their base are cached under: everything of ours that decides what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab.image.dialect import DIALECTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kdumpcheck.lab.image.dialect import Dialect

GUEST: Final = Path(__file__).resolve().parent.parent / "guest"
"""The tree of files that go into the node."""

BUILDER: Final = Path(__file__).resolve().parent
"""The source of the builder itself: a change there may change the image, too."""

# What is for people and their tools; a change there makes no other image.
_IGNORED: Final = frozenset({"__pycache__", ".shellcheckrc", "README.md"})

# What the Debian root with its kernel and keys is made of; all else comes on top of it.
_BASE: Final = (
    GUEST / "packages",
    *(BUILDER / name for name in ("apt_sources.py", "base.py", "bootstrap.py", "fetch-kernel.sh", "kernel.py")),
    *(BUILDER / name for name in ("kernel_release.py", "keys.py", "modules.py")),
)


def content_hash(dialect: Dialect, guest: Path = GUEST, builder: Path = BUILDER) -> str:
    """Hash of names and bytes of all files that go into a dialect's image: 12 hexadecimal digits.

    What belongs to another dialect is left out: a change there makes this image no other.
    """
    others = {other.layer for other in DIALECTS.values()} - {dialect.layer}
    others |= {f"packages.{other}" for other in others}
    files = (path for path in sorted(_files(guest)) if not others.intersection(path.relative_to(guest).parts[:2]))
    return _digest([*((guest, path) for path in files), *((builder, path) for path in sorted(_files(builder)))])


def base_hash() -> str:
    """Hash of what the images' common base is made by: 12 hexadecimal digits."""
    return _digest((path.parent, path) for path in _BASE)


def _digest(files: Iterable[tuple[Path, Path]]) -> str:
    digest = hashlib.sha256()
    for root, path in files:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(root)}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()[:12]


def _files(root: Path) -> Iterator[Path]:
    for path in root.rglob("*"):
        if path.is_file() and not _IGNORED.intersection(path.relative_to(root).parts):
            yield path
