# SPDX-License-Identifier: Apache-2.0
"""An initrd, opened as the probe opens one on a node, and told in the same lines (facts/contents.py).

Archives may stand one after the other, packed or not, as the kernel takes them (Linux
Documentation/driver-api/early-userspace/buffer-format.rst). Nothing of it is written to a disk.
"""

from __future__ import annotations

import lzma
import re
import time
import zlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from kdumpcheck.image.errors import ImageError
from kdumpcheck.image.packed import unpacked

_MAGICS: Final = (b"070701", b"070702")
#: Starts of what is packed (facts/initrds.py names them all).
_PACKED: Final = (b"\x1f\x8b", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\x02\x21\x4c\x18", b"\x89LZO", b"BZh", b"]\x00\x00")
_MOST_FILES: Final = 200_000
_MOST_BYTES: Final = 4 << 30
_PATIENCE: Final = 60.0
_CONFIGURATION: Final = ("etc/kdump.conf", "etc/sysconfig/kdump")
_MODULE: Final = re.compile(r"(?:^|/)lib/modules/([^/]+)/.*?([^/]+?)\.ko(?:\.[a-z0-9]+)?$")
_TOLD: Final = re.compile(r"makedumpfile$|kdump-save|^kdump/|bin/mdadm$|/kdump[^/]*$|/hooks/|metal-[^/]*$")
_SECRET: Final = re.compile(r"^(KDUMP_SMTP_PASSWORD=).*")
_LOGIN: Final = re.compile(r"://\S*@")


class _Damaged(Exception):
    """The archive breaks off, or is none."""


@dataclass(slots=True)
class _Listing:
    bytes: int = 0
    count: int = 0
    files: dict[str, int] = field(default_factory=dict)
    modules: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lines: list[str] = field(default_factory=list)


def tell(path: Path, shown: str) -> str:
    """The lines about one initrd, called `shown` in them; damage is told, too. Raises `ImageError` without a tool."""
    listing = _Listing()
    damage = 0
    try:
        _read(path, listing)
    except (_Damaged, EOFError, OSError, zlib.error, lzma.LZMAError):
        damage = 1
    lines = [f"initrd\t{shown}", f"unpacked\t{damage if listing.count else 9}"]
    lines += listing.lines
    lines += [f"file\t{name}\t{size}" for name, size in listing.files.items()]
    lines += [f"modules\t{release}\t{' '.join(sorted(names))}" for release, names in sorted(listing.modules.items())]
    return "\n".join([*lines, f"bytes\t{listing.bytes}", f"end\t{damage}", ""])


def _read(path: Path, listing: _Listing) -> None:
    until = time.monotonic() + _PATIENCE
    offset = 0
    while True:
        with path.open("rb") as file:
            file.seek(offset)
            start = file.read(8)
        if start.startswith(_MAGICS):
            with unpacked(path, offset) as stream:
                offset += _archive(stream, listing, until)
            offset = _after_zeros(path, offset)
        elif start.startswith(_PACKED):
            with unpacked(path, offset) as stream:
                _archive(stream, listing, until)
                while stream.read(1 << 20):
                    _in_time(until)
            return
        elif not start and listing.count:
            return
        else:
            raise _Damaged


def _archive(stream: IO[bytes], listing: _Listing, until: float) -> int:
    """Read one newc archive to its trailer; gives the bytes that it took."""
    place = 0
    while True:
        _in_time(until)
        head = _exactly(stream, 110)
        try:
            numbers = [int(head[6 + 8 * field : 14 + 8 * field], 16) for field in range(13)]
        except ValueError:
            raise _Damaged from None
        if not head.startswith(_MAGICS):
            raise _Damaged
        mode, size, length = numbers[1], numbers[6], numbers[11]
        if not 0 < length <= 4096 or listing.count > _MOST_FILES or listing.bytes > _MOST_BYTES:
            raise _Damaged
        name = _exactly(stream, length)[:-1].decode("utf-8", errors="backslashreplace")
        _skip(stream, -(110 + length) % 4)
        place += 110 + length + -(110 + length) % 4 + size + -size % 4
        if name == "TRAILER!!!":
            return place
        listing.count += 1
        kept = _note(name.removeprefix("./").lstrip("/"), mode & 0o170000, size, listing)
        if kept:
            _settings(name, _exactly(stream, size), listing)
        else:
            _skip(stream, size)
        _skip(stream, -size % 4)


def _note(name: str, kind: int, size: int, listing: _Listing) -> bool:
    """Take a file into the listing; True when its content is wanted, too."""
    if kind not in {0o100000, 0o120000}:
        return False
    if kind == 0o100000:
        listing.bytes += -(-size // 4096) * 4096
    if found := _MODULE.search(name):
        listing.modules[_plain(found[1])].add(_plain(found[2]))
    elif _TOLD.search(name) and len(listing.files) < 1000:
        listing.files[_plain(name)] = size
    return kind == 0o100000 and size <= 65536 and (name in _CONFIGURATION or name == "etc/fstab")


def _settings(name: str, data: bytes, listing: _Listing) -> None:
    for line in data.decode("utf-8", errors="backslashreplace").splitlines()[:1000]:
        if name.endswith("etc/fstab") and line and not line.startswith("#"):
            listing.lines.append(f"fstab\t{line}")
        elif not name.endswith("etc/fstab") and re.match(r"\s*KDUMP[A-Z_]*=", line):
            listing.lines.append("config\t" + _LOGIN.sub("://[redacted]@", _SECRET.sub(r'\1"[redacted]"', line)))


def _after_zeros(path: Path, offset: int) -> int:
    with path.open("rb") as file:
        file.seek(offset)
        while block := file.read(65536):
            rest = block.lstrip(b"\0")
            offset += len(block) - len(rest)
            if rest:
                break
    return offset


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = b"".join(_blocks(stream, count))
    if len(data) < count:
        raise _Damaged
    return data


def _skip(stream: IO[bytes], count: int) -> None:
    if sum(len(block) for block in _blocks(stream, count)) < count:
        raise _Damaged


def _blocks(stream: IO[bytes], count: int) -> Iterator[bytes]:
    while count > 0 and (block := stream.read(min(count, 1 << 20))):
        count -= len(block)
        yield block


def _in_time(until: float) -> None:
    if time.monotonic() > until:
        raise ImageError(f"an initrd took more than {_PATIENCE:.0f} s to unpack; it is not read to its end")


def _plain(text: str) -> str:
    """Without what would make another line or column of it."""
    return "".join(char if char.isprintable() else "?" for char in text)
