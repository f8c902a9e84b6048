# SPDX-License-Identifier: Apache-2.0
"""A dump in words for a person, and as a document for a program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from kdumpcheck.dumps.beside import shown
from kdumpcheck.dumps.saved import File, Saved
from kdumpcheck.dumps.verdict import Problem, Verdict
from kdumpcheck.dumps.vmcore import Kind, Vmcore

VERSION = 1
_MIB = 1 << 20


def page(saved: Saved) -> str:
    """All that is known of a dump, a line for each thing."""
    lines = [str(saved.place), *_rows("verdict", sentence(saved.verdict, saved.flaw))]
    for file in saved.files:
        if len(saved.files) > 1 or file.path != saved.place:
            lines += _rows("file", file.path.name)
        if len(saved.files) > 1:
            lines += _rows("verdict", sentence(file.vmcore.verdict, file.vmcore.flaw))
        lines += [line for row in _facts(file) for line in _rows(*row)]
    lines += _rows("reason", saved.panic or "no log beside it tells")
    word = "not there" if saved.readme is None else saved.readme or "there; it says nothing of the vmcore"
    lines += _rows("README.txt", word)
    return "\n".join(shown_line(line) for line in lines) + "\n"


def shown_line(line: str) -> str:
    """The line with its indentation, and nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in line)


def sentence(verdict: Verdict, flaw: Problem | None) -> str:
    """A verdict with its reason."""
    return str(verdict) if flaw is None else f"{verdict}: {shown(flaw.reason)}"


def moment(seconds: int) -> str:
    """A time as an operator reads it; what no calendar has is shown as a number."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return f"{seconds} seconds after 1970"


def _rows(name: str, value: str) -> list[str]:
    return [f"  {name:<12} {value}"]


def _facts(file: File) -> Iterator[tuple[str, str]]:
    vmcore, told = file.vmcore, file.vmcore.told
    yield "kind", f"{_kind(vmcore)}, {_size(vmcore.size)}"
    if vmcore.kind is Kind.NONE:
        return
    yield "kernel", told.release or "not told"
    yield "node", told.node or "not told"
    yield "crashed", moment(told.crash_time) if told.crash_time is not None else "not told"
    yield "dump level", str(told.level) if told.level is not None else "not told"
    yield "compression", told.compression or "not told"
    yield "pages", str(told.pages) if told.pages is not None else "not told"
    if told.part is not None:
        yield "part", f"page frames {told.part.start} to {told.part.end} of {told.part.whole}"
    yield "VMCOREINFO", "there" if told.vmcoreinfo else "not found: no tool can open the dump without it"
    yield "read", f"{100 * file.taken / max(vmcore.size, 1):.2g} % of it to tell all this"


def _kind(vmcore: Vmcore) -> str:
    return f"{vmcore.kind}, {vmcore.inner} inside" if vmcore.inner is not None else str(vmcore.kind)


def _size(size: int) -> str:
    return f"{size / _MIB:.1f} MiB" if size >= _MIB else f"{size} bytes"


def document(saved: list[Saved]) -> dict[str, Any]:
    """The same for a program; keys are only ever added while the number at its top stays."""
    return {"kdumpcheck-vmcore": VERSION, "dumps": [_dump(each) for each in saved]}


def _dump(saved: Saved) -> dict[str, Any]:
    return {
        "path": shown_line(str(saved.place)),
        "verdict": str(saved.verdict),
        "problem": saved.flaw.reason if saved.flaw is not None else None,
        "panic": saved.panic,
        "readme": saved.readme,
        "files": [_file(each) for each in saved.files],
    }


def _file(file: File) -> dict[str, Any]:
    return {"path": shown_line(str(file.path)), "bytes_read": file.taken, **described(file.vmcore)}


def described(vmcore: Vmcore) -> dict[str, Any]:
    """One vmcore for a program: sizes in bytes, times in seconds since 1970."""
    return {
        "verdict": str(vmcore.verdict),
        "problem": vmcore.problem,
        "kind": str(vmcore.kind),
        "inner": None if vmcore.inner is None else str(vmcore.inner),
        "size": vmcore.size,
        **asdict(vmcore.told),
    }
