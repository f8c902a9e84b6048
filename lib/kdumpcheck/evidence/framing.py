# SPDX-License-Identifier: Apache-2.0
"""Take a probe's answer apart into its sections."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kdumpcheck.evidence.evidence import Output

_HEADER = re.compile(rb"^(--kdumpcheck-[0-9a-f]{16}) probe (\d{1,4}) ([0-9a-f]{16})$", re.MULTILINE)
_END = re.compile(rb"([\d.]{1,20}) ([\d.]{1,20}) (.{0,400})", re.DOTALL)
_EXIT = re.compile(rb"\bexit (\d{1,3})\b")
_BYTES = re.compile(rb"\b(\d{1,12}) bytes")
_LIMIT = re.compile(rb"\Alimit (\d{1,12})\b")
SUPPORTED = (1,)


class FramingError(ValueError):
    """The answer is not one of a kdumpcheck probe; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A probe's answer taken apart: outputs by section name, and if the probe ran to its end."""

    digest: str
    outputs: dict[str, Output]
    complete: bool


def parse_answer(raw: bytes, noise: bytes = b"") -> Answer:
    """Take the raw standard output of a probe apart; whatever stands before its first line is ignored.

    `noise` is what came on standard error, quoted when there is no answer at all. A section without its
    closing line is kept with exit status None. Raises `FramingError` when no probe spoke here.
    """
    header = _HEADER.search(raw)
    if header is None:
        raise FramingError(f"the node did not run the probe: {_excerpt(raw + noise)}")
    version = int(header[2])
    if version not in SUPPORTED:
        raise FramingError(f"the answer is of probe version {version}; this kdumpcheck reads {SUPPORTED}")
    body = raw[header.end() :]
    frames = body.split(b"\n" + header[1] + b" ")[1:]
    outputs: dict[str, Output] = {}
    complete = False
    for opening, closing in zip(frames, [*frames[1:], b""], strict=False):
        words, _, data = opening.partition(b"\n")
        if words == b"done":
            complete = True
        elif words.startswith(b"begin "):
            name = words[6:].decode("ascii", errors="backslashreplace")
            outputs.setdefault(name, _output(data, name, closing))
    return Answer(header[3].decode("ascii"), outputs, complete)


def _output(data: bytes, name: str, closing: bytes) -> Output:
    """One section's output: `data` and the closing frame, if it is this section's."""
    words = closing.partition(b"\n")[0]
    prefix = b"end " + name.encode() + b" "
    end = _END.fullmatch(words.removeprefix(prefix)) if words.startswith(prefix) else None
    if end is None:
        return Output(data, None, 0.0, truncated=False)
    status, count, limit = _EXIT.search(end[3]), _BYTES.search(end[3]), _LIMIT.search(end[3])
    # dd counts what it passed on (a BusyBox dd may not): fewer bytes here mean some were lost on the way.
    whole = status is not None and (count is None or int(count[1]) == len(data))
    cut = limit is not None and len(data) >= int(limit[1])
    return Output(data, int(status[1]) if status and whole else None, _seconds(end[1], end[2]), truncated=cut)


def _seconds(began: bytes, ended: bytes) -> float:
    try:
        return max(0.0, float(ended) - float(began))
    except ValueError:
        return 0.0


def _excerpt(raw: bytes) -> str:
    """The first words of what came instead, on one line and harmless in a terminal."""
    text = " ".join(raw[:400].decode("utf-8", errors="backslashreplace").split())
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)[:160]
    return shown or "it said nothing"
