# SPDX-License-Identifier: Apache-2.0
"""The crashkernel= arguments of the running kernel, read as the kernel reads them.

Grammar: Documentation/admin-guide/kdump/kdump.rst and kernel/crash_reserve.c (parse_crashkernel).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.probe import Section

_SIZE = r"(?:0[xX][0-9a-fA-F]+|[0-9]+)[kKmMgGtTpPeE]?"
_PLAIN = re.compile(rf"({_SIZE})(?:@({_SIZE}))?")
_TIERED = re.compile(rf"({_SIZE}),(high|low|cma)")
_RANGE = rf"{_SIZE}-(?:{_SIZE})?:{_SIZE}"
_RANGES = re.compile(rf"{_RANGE}(?:,{_RANGE})*(?:@{_SIZE})?")
_SCALE = {"": 0, "k": 10, "m": 20, "g": 30, "t": 40, "p": 50, "e": 60}

Kind = Literal["plain", "high", "low", "cma", "ranges", "malformed"]


@dataclass(frozen=True, slots=True)
class Request:
    """One crashkernel= argument: its text, how the kernel takes it, and bytes asked for (None: it depends)."""

    text: str
    kind: Kind
    bytes: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read one argument's value; total: what is not grammar is kind "malformed"."""
        if plain := _PLAIN.fullmatch(text):
            return cls(text, "plain", in_bytes(plain[1]))
        if tiered := _TIERED.fullmatch(text):
            kind: Kind = "high" if tiered[2] == "high" else "low" if tiered[2] == "low" else "cma"
            return cls(text, kind, in_bytes(tiered[1]))
        return cls(text, "ranges" if _RANGES.fullmatch(text) else "malformed")


@dataclass(frozen=True, slots=True)
class Crashkernel:
    """All crashkernel= arguments on the command line of the running kernel, in order."""

    sections: ClassVar[tuple[Section, ...]] = (Section("cmdline", "cat /proc/cmdline"),)

    requests: tuple[Request, ...]

    @classmethod
    def parse(cls, evidence: Evidence) -> Self | Unknown:
        """Read /proc/cmdline (proc_cmdline(5))."""
        output = evidence.output("cmdline")
        text = evidence.text("cmdline")
        if isinstance(text, Unknown) or isinstance(output, Unknown):
            return text if isinstance(text, Unknown) else Unknown("/proc/cmdline was not read")
        if output.exit_status != 0 or not text.strip():
            return Unknown("/proc/cmdline could not be read")
        return cls.from_cmdline(text)

    @classmethod
    def from_cmdline(cls, cmdline: str) -> Self:
        """Read the arguments out of a kernel command line; what follows " -- " belongs to init."""
        arguments = cmdline.split(" -- ", 1)[0].split()
        prefix = "crashkernel="
        return cls(tuple(Request.parse(word.removeprefix(prefix)) for word in arguments if word.startswith(prefix)))

    @property
    def as_written(self) -> str:
        """The arguments as they stand on the command line, or "no crashkernel="."""
        return " ".join(f"crashkernel={request.text}" for request in self.requests) or "no crashkernel="

    @property
    def taken(self) -> tuple[Request, ...]:
        """The arguments that the kernel goes by: the last plain size or ranges; else the last high, with the last low.

        By their ends, as get_last_crashkernel() tells them apart: what ends in ,low and cannot be read is a low one.
        Beside a high one, a plain one without a size or a low one without counts for nothing. Newer kernels reserve
        nothing then (since parse_crashkernel() knows of high and low): crashkernel.reserved sees what was reserved.
        """
        plain = self._last(lambda text: not text.endswith((",high", ",low", ",cma")))
        high = self._last(lambda text: text.endswith(",high"))
        low = self._last(lambda text: text.endswith(",low"))
        if high is None:
            return tuple(request for request in (plain or low,) if request is not None)
        if plain is not None and plain.kind != "malformed" and plain.bytes != 0:
            return (plain,)
        return (high,) if low is None or low.kind == "malformed" else (high, low)

    def _last(self, ends: Callable[[str], bool]) -> Request | None:
        return next((request for request in reversed(self.requests) if ends(request.text)), None)

    @property
    def asked_for(self) -> int:
        """Bytes asked for by what the kernel takes; 0 where it depends (ranges)."""
        return sum(request.bytes or 0 for request in self.taken)

    @property
    def problem(self) -> str | None:
        """Why the kernel will reserve nothing, or not what is meant by any reading; None when it will."""
        for request in self.taken:
            if request.kind == "malformed":
                return f"crashkernel={request.text} is not a size the kernel can read"
            if request.bytes == 0 and request.kind != "low":
                return f"crashkernel={request.text} asks for nothing"
        if {request.kind for request in self.taken} == {"low"}:
            return ",low without ,high: the kernel reserves nothing"
        return None if self.taken else "no crashkernel= on the command line"

    @property
    def contradiction(self) -> str | None:
        """What the kernel takes where the arguments ask for several things at once; None when they do not."""
        plain = [request.kind for request in self.requests if request.kind in {"plain", "ranges"}]
        tiers = [request.kind for request in self.requests if request.kind in {"high", "low"}]
        if plain and tiers:
            return "a plain size beside ,high or ,low: the kernel takes the plain one and ignores the others"
        if len(plain) > 1 or len(tiers) != len(set(tiers)):
            return "the same form more than once: the kernel takes the last one only"
        useless = next((request for request in self.requests if request.kind == "malformed"), None)
        return f"crashkernel={useless.text} is no size that can be read, beside one that is" if useless else None


def in_bytes(text: str) -> int:
    """A size as the kernel's memparse() reads it ("256M", "0x10000000"), in bytes."""
    suffix = text[-1].lower() if text[-1].lower() in _SCALE and not text.lower().startswith("0x") else ""
    if text.lower().startswith("0x") and text[-1].lower() in "kmgtp":
        suffix = text[-1].lower()
    digits = text[: len(text) - len(suffix)]
    return int(digits, 16 if digits.lower().startswith("0x") else 10) << _SCALE[suffix]
