# SPDX-License-Identifier: Apache-2.0
"""Small readers shared by the parsers."""

from __future__ import annotations

from collections.abc import Iterator


def pairs(text: str) -> dict[str, str]:
    """Lines of `key=value`; a key's last line wins, and lines without "=" are passed over."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            found[key.strip()] = value.strip()
    return found


def rows(text: str, kind: str, columns: int) -> Iterator[list[str]]:
    """Tab-separated lines that begin with `kind` and have as many columns after it as they should."""
    for line in text.split("\n"):
        first, *rest = line.split("\t")
        if first == kind and len(rest) == columns:
            yield rest


def whole_number(text: str, base: int = 10) -> int | None:
    """A non-negative number of sane length, or None; unlike int() it takes no blanks, signs or underscores."""
    digits = "0123456789abcdef"[:base]
    lowered = text.lower()
    if not 0 < len(lowered) <= 20 or lowered.strip(digits):
        return None
    return int(lowered, base)


def size(bytes_: int) -> str:
    """A size as an operator reads it: MiB, or bytes where that would say nothing."""
    return f"{bytes_ / 2**20:.0f} MiB" if bytes_ >= 2**20 else f"{bytes_} bytes"
