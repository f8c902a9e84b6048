# SPDX-License-Identifier: Apache-2.0
"""Nodes that say everything a report must not obey, in every place where a node says anything."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

from selftest.unit.kept import captured, keep

#: The title a page would have, had it run anything a node said.
PWNED = "pwned"
SCRIPT = f"<script>document.title='{PWNED}'</script><img src=x onerror=\"document.title='{PWNED}'\">"
_ESCAPES = "\x1b[2J\x1b]0;pwned\x07\x9b31m\x08\r\x00\x0b\x7f\u202e\u2066\u2028\ufeff"
_MARKUP = "</td></script></textarea>]]>&lt;&#x3c;'\"><!--"
EVIL = (_MARKUP + SCRIPT + _ESCAPES).encode() + b"\xff\xfe\xed\xa0\x80"
LONG = b"A" * (1 << 20)


def keep_hostile(directory: Path) -> int:
    """Keep one node for every word that a healthy node says, with that word replaced; gives how many there are."""
    sections = captured("healthy")
    number = 0
    for name, data in sections.items():
        for said in (*_spoiled(data), EVIL, EVIL.join([b"\n"] * 40), LONG):
            number += 1
            keep(directory, f"ncn-w{number:03}", {**sections, name: said})
    keep_hostile_header(directory, "ncn-m001")
    return number + 1


def keep_hostile_header(directory: Path, node: str) -> None:
    """Keep a file whose header says what a node or a bundle's sender might put there."""
    text = EVIL.decode(errors="replace")
    header = {"kdumpcheck-evidence": 1, "node": node, "taken": "2026-11-22T12:00:00+00:00", "origin": text}
    line = json.dumps({**header, "failure": text, "ended": text, "attempts": [text, text]})
    (directory / f"{node}.evidence.gz").write_bytes(gzip.compress(line.encode() + b"\n"))


def _spoiled(data: bytes) -> Iterator[bytes]:
    """The section once for every line in it, with what that line tells replaced; and with a very long one."""
    lines = data.split(b"\n")
    for place, line in enumerate(lines):
        for spoiled in _replaced(line):
            yield b"\n".join([*lines[:place], spoiled, *lines[place + 1 :]])
    first = lines[0].partition(b"=")[0]
    yield b"\n".join([first + b"=" + LONG, *lines[1:]])


def _replaced(line: bytes) -> Iterator[bytes]:
    columns = line.split(b"\t")
    if len(columns) > 1:
        for place in range(1, len(columns)):
            yield b"\t".join([*columns[:place], EVIL.replace(b"\n", b""), *columns[place + 1 :]])
    elif b"crashkernel=" in line:
        yield line.replace(b"crashkernel=160M", b"crashkernel=" + EVIL.replace(b" ", b"_"))
    elif b"=" in line:
        yield line.partition(b"=")[0] + b"=" + EVIL
