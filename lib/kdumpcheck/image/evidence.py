# SPDX-License-Identifier: Apache-2.0
"""An image as evidence: what a probe of a node would have answered, in the probe's own form.

So an image is judged by the same checks as a node, kept by --bundle and judged again by --replay.
"""

from __future__ import annotations

import re
import secrets
import stat
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from kdumpcheck.evidence import Evidence, parse_answer
from kdumpcheck.evidence.evidence import IMAGE
from kdumpcheck.image.archive import open_archive
from kdumpcheck.image.beside import Beside
from kdumpcheck.image.blobs import archived, is_archive, is_layout, layout
from kdumpcheck.image.container import open_container
from kdumpcheck.image.directory import open_directory
from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.sections import Subject, readable, sections_of
from kdumpcheck.image.squashfs import is_squashfs, open_squashfs
from kdumpcheck.image.tree import Tree


def look_at_image(path: Path, beside: Beside) -> tuple[Evidence, bytes]:
    """Look into an image; gives evidence, and the same in a probe's form.

    It is a SquashFS file, an unpacked root, a tar archive, or a container image (OCI layout, docker save).
    Everything is read; nothing of it is run, mounted, or written anywhere but into a directory that is gone afterwards.
    Raises `ImageError`.
    """
    for each in (beside.kernel, beside.initrd):
        if each is not None:
            readable(each)
    with tempfile.TemporaryDirectory(prefix="kdumpcheck-image-") as directory:
        private = Path(directory)
        tree = _opened(path, private)
        if not any(tree.entry(place) for place in ("etc", "usr")):
            raise ImageError(f"{path}: holds neither /etc nor /usr: it is no image of a node's root")
        try:
            sections = sections_of(Subject(name_of(path), tree, beside, private))
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from None
    raw = _framed(sections)
    answer = parse_answer(raw)
    origin = f"{IMAGE}{path}"
    evidence = Evidence(
        name_of(path), datetime.now(UTC), origin, answer.digest, answer.outputs, complete=answer.complete
    )
    return evidence, raw


def name_of(path: Path) -> str:
    """What an image is called in a report: its file's name, with nothing in it that a node's name could not have."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path.absolute().name).strip(".-_")[:60].strip(".-_")
    return name or "image"


def _opened(path: Path, private: Path) -> Tree:
    try:
        return _read(path, private)
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror}") from None
    except ImageError as error:
        text = str(error)
        raise ImageError(text if text.startswith(str(path)) else f"{path}: {text}") from None


def _read(path: Path, private: Path) -> Tree:
    """Read an image of whatever kind it is. Raises `ImageError` and `OSError`."""
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        if not is_layout(path):
            return open_directory(path)
        with layout(path) as blobs:
            return open_container(blobs, private)
    if not stat.S_ISREG(status.st_mode):
        raise ImageError("neither a file nor a directory")
    with path.open("rb") as file:
        start = file.read(512)
    if is_squashfs(start):
        return open_squashfs(path)
    if not is_archive(path):
        return open_archive(path, private)
    with archived(path, private) as blobs:
        return open_container(blobs, private)


def _framed(sections: Mapping[str, str]) -> bytes:
    """The sections between the lines of a probe (probe/frame.sh); the mark is random, so no image can know it."""
    mark = f"--kdumpcheck-{secrets.token_hex(8)}"
    parts = [f"{mark} probe 1 {'0' * 16}\n".encode()]
    for name, text in sections.items():
        data = text.encode("utf-8", errors="backslashreplace")
        closing = f"\n{mark} end {name} 0.00 0.00 limit {1 << 26} exit 0 {len(data)} bytes copied\n"
        parts += [f"\n{mark} begin {name}\n".encode(), data, closing.encode()]
    return b"".join([*parts, f"\n{mark} done\n".encode()])
