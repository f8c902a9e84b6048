# SPDX-License-Identifier: Apache-2.0
"""Kept evidence for tests: captured nodes under other names, with sections changed, cut short, or never heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from kdumpcheck.evidence import Evidence, load, parse_answer, save

CASES = Path(__file__).parents[1] / "cases" / "suse_legacy"
MARK = b"--kdumpcheck-0123456789abcdef"
TAKEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


def captured(case: str) -> dict[str, bytes]:
    """What each section of a captured node answered; what nobody asked then, a healthy one tells."""
    nodes = [load(CASES / f"{name}.evidence.gz") for name in ("healthy", case)]
    answers = {name: output.data for node in nodes for name, output in node.outputs.items()}
    # The lab's kdumptool cannot calibrate; the vendor's can.
    return {**answers, "calibrate": b"Total: 767\nLow: 0\nHigh: 154\n"}


def framed(sections: Mapping[str, bytes], *, ended: bool = True) -> bytes:
    """A probe's raw answer that says this; without `ended` it stops in the middle of its last section."""
    parts = [MARK + b" probe 1 0123456789abcdef\n"]
    for name, data in sections.items():
        title = name.encode()
        closing = b"%b end %b 1.00 1.25 limit 65536 exit 0 %d bytes copied\n" % (MARK, title, len(data))
        parts += [b"\n%b begin %b\n" % (MARK, title), data, b"\n", closing]
    return b"".join([*parts, MARK + b" done\n"] if ended else parts[:-1])


def evidence(node: str, sections: Mapping[str, bytes]) -> Evidence:
    """The evidence that such an answer is."""
    answer = parse_answer(framed(sections))
    return Evidence(node, TAKEN, f"ssh://root@{node}", answer.digest, answer.outputs, complete=True)


def keep(directory: Path, node: str, sections: Mapping[str, bytes], *, ended: bool = True) -> Path:
    """Keep a node's evidence as --bundle does."""
    directory.mkdir(exist_ok=True)
    kept = Evidence(node, TAKEN, f"ssh://root@{node}", ended=None if ended else "the connection was lost")
    return save(directory, kept, framed(sections, ended=ended))


def keep_case(directory: Path, node: str, case: str, **changed: bytes) -> Path:
    """Keep a captured node under another name; sections whose names have no dots may be changed."""
    return keep(directory, node, {**captured(case), **changed})


def keep_lost(directory: Path, node: str, reason: str) -> Path:
    """Keep the evidence of a node that was never heard."""
    directory.mkdir(exist_ok=True)
    return save(directory, replace(Evidence(node, TAKEN, f"ssh://root@{node}"), failure=reason), b"")
