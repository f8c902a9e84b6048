# SPDX-License-Identifier: Apache-2.0
"""A kernel log as lines with their times, whatever printed it: dmesg, a console, or what was saved beside a vmcore."""

from __future__ import annotations

import re
from dataclasses import dataclass

LIMIT = 4 << 20
"""Bytes of a log's end that are read: more than the largest log buffer kernels are built with."""
_LONGEST = 4000
#: `<4>` of /dev/kmsg, the time, and the caller that CONFIG_PRINTK_CALLER adds ([T123], [C0]).
_PREFIX = re.compile(r"(?:<\d{1,3}>)?\[ *(\d{1,9}\.\d{1,9})\](?:\[ *[TC]\d+\])? ?")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a kernel log."""

    seconds: float | None
    """since that kernel's boot; None for what is no kernel's line"""
    text: str


def read_lines(log: bytes) -> tuple[Line, ...]:
    """The lines of a kernel log's end; total over any bytes, and nothing in a line is more than printable text."""
    return tuple(_line(raw) for raw in log[-LIMIT:].decode("utf-8", "replace").splitlines())


def _line(raw: str) -> Line:
    found = _PREFIX.search(raw[:200])
    # A console may have words of others before the time, on the same line.
    seconds, text = (float(found[1]), raw[found.end() :]) if found else (None, raw)
    return Line(seconds, "".join(char if char.isprintable() else " " for char in text[:_LONGEST]).rstrip())
