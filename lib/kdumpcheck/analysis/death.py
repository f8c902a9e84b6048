# SPDX-License-Identifier: Apache-2.0
"""How a kernel died, by its own last words. Pure, and total over any bytes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kdumpcheck.analysis.lines import Line, read_lines
from kdumpcheck.analysis.modules import Module, linked_in
from kdumpcheck.analysis.taint import in_words
from kdumpcheck.analysis.trace import Frame, failing, frame
from kdumpcheck.dumps.beside import cause_in, is_trigger, is_vague, panic_in, shown

_CPU = re.compile(
    r"CPU: (?P<cpu>\d{1,5}) (?:UID: \d{1,10} )?PID: (?P<pid>\d{1,10}) Comm: (?P<comm>.{1,40}?)"
    r" (?:Kdump: (?P<kdump>loaded|not loaded) )?"
    r"(?:Not tainted|Tainted: (?P<taint>[A-Z -]{1,200}?)) (?P<release>\d[\w.+~-]{2,100})"
)
_HARDWARE = re.compile(r"Hardware name: (.{1,200})")
_WARNING = re.compile(r"WARNING: .{1,300}")
_BOOT = re.compile(r"Linux version \d")
#: Lines before the first bad word that are shown, and after it that are looked at.
_BEFORE, _AFTER = 25, 400
#: Lines before it in which memory may have run out.
_FAR = 2000
#: An oops and the panic that follows from it are this far apart at most, in lines.
_SAME_STORY = 400
_MOST_FRAMES = 200
_MEMORY = re.compile(
    r"invoked oom-killer|Out of memory|oom-kill:|page allocation failure|System is deadlocked on memory"
)


@dataclass(frozen=True, slots=True)
class Death:
    """What the log of a crashed kernel tells; what it does not tell is None or empty."""

    headline: str | None = None
    """the line that says why"""
    panic: str | None = None
    """the words of `Kernel panic - not syncing: ...`"""
    seconds: float | None = None
    """since boot, when it happened"""
    task: str | None = None
    pid: int | None = None
    cpu: int | None = None
    release: str | None = None
    hardware: str | None = None
    taint: str = ""
    kdump_loaded: bool | None = None
    in_capture: bool = False
    """it was the capture kernel that died"""
    at: Frame | None = None
    """the place of the instruction that failed"""
    trace: tuple[Frame, ...] = ()
    modules: tuple[Module, ...] = ()
    before: tuple[str, ...] = ()
    """the last messages before it"""
    story: tuple[str, ...] = ()
    """the lines from the first bad one to the end"""
    warnings: tuple[str, ...] = ()
    """warnings that the kernel gave earlier"""
    memory: tuple[str, ...] = ()
    """lines that tell of memory that ran out"""

    @property
    def taints(self) -> tuple[str, ...]:
        """Each taint flag in words."""
        return in_words(self.taint)

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Where it failed and how it came there: nearest first."""
        return ((self.at,) if self.at is not None else ()) + self.trace


def read_death(log: bytes) -> Death:
    """How the kernel died whose log this is.

    A console may hold several boots: told is the last death that was not a capture kernel's, if there is one.
    """
    boots = _boots(read_lines(log))
    dead = [boot for boot in boots if boot.end is not None]
    chosen = next((boot for boot in reversed(dead) if not boot.capture), dead[-1] if dead else None)
    if chosen is None:
        last = boots[-1].lines if boots else ()
        return Death(before=tuple(shown(line.text) for line in last[-_BEFORE:] if line.text))
    return _told(chosen, chosen.end or 0)


@dataclass(frozen=True, slots=True)
class _Boot:
    """The lines of one boot of a kernel."""

    lines: Sequence[Line]

    @property
    def capture(self) -> bool:
        """Only a kernel that is to save a dump is told where the old memory is."""
        return any("elfcorehdr=" in line.text for line in self.lines[:20])

    @property
    def end(self) -> int | None:
        """The number of the line by which it died: its first panic, or its first trouble where none is told."""
        texts = [line.text for line in self.lines]
        panics = [number for number, text in enumerate(texts) if panic_in(text)]
        last = next((number for number in panics if not is_trigger(panic_in(texts[number]) or "")), None)
        if last is not None or panics:
            return last if last is not None else panics[-1]
        return next((number for number, text in enumerate(texts) if cause_in(text)), None)


def _boots(lines: Sequence[Line]) -> list[_Boot]:
    starts = [number for number, line in enumerate(lines) if _BOOT.match(line.text)]
    edges = sorted({0, *starts, len(lines)})
    return [_Boot(lines[start:stop]) for start, stop in pairwise(edges)]


def _beginning(texts: Sequence[str], end: int) -> int:
    """The first bad line of the story that ends with this one."""
    return next(n for n in range(max(0, end - _SAME_STORY), end + 1) if cause_in(texts[n]) or panic_in(texts[n]))


def _told(boot: _Boot, end: int) -> Death:
    lines = boot.lines
    texts = [line.text for line in lines]
    first = _beginning(texts, end)
    story = texts[first : end + _AFTER]
    panic = panic_in(texts[end])
    who = next((found for text in story if (found := _CPU.search(text))), None)
    hardware = next((found for text in story if (found := _HARDWARE.search(text))), None)
    return Death(
        headline=_headline(panic, cause_in(texts[first])),
        panic=shown(panic.partition("not syncing: ")[2] or panic) if panic else None,
        seconds=lines[first].seconds,
        task=shown(who["comm"]) if who else None,
        pid=int(who["pid"]) if who else None,
        cpu=int(who["cpu"]) if who else None,
        release=who["release"] if who else None,
        hardware=shown(hardware[1]) if hardware else None,
        taint="".join(filter(str.isalpha, who["taint"] or "")) if who else "",
        kdump_loaded=None if who is None or who["kdump"] is None else who["kdump"] == "loaded",
        in_capture=boot.capture,
        at=next((place for text in story if (place := failing(text))), None),
        trace=_trace(story),
        modules=linked_in(story),
        before=tuple(shown(text) for text in texts[max(0, first - _BEFORE) : first] if text),
        story=tuple(story),
        warnings=tuple(shown(found[0]) for text in texts[:first] if (found := _WARNING.search(text)))[-5:],
        memory=tuple(shown(text) for text in texts[max(0, first - _FAR) : end + _AFTER] if _MEMORY.search(text))[-10:],
    )


def _headline(panic: str | None, cause: str | None) -> str | None:
    """The line that says most: a panic that is only the end of an oops says nothing."""
    said = cause if panic is None or (cause is not None and is_vague(panic)) else panic
    return shown(said) if said else None


def _trace(story: Sequence[str]) -> tuple[Frame, ...]:
    """The frames of the first call trace: a later one is of the panic that an oops ends in."""
    start = next((n for n, text in enumerate(story) if text.strip().lower().startswith("call trace:")), None)
    if start is None:
        return ()
    frames: list[Frame] = []
    for text in story[start + 1 :]:
        found = frame(text)
        if found is not None:
            frames.append(found)
        elif frames and not text.strip().startswith(("<", "RIP:", "asm_", "RSP:", "Code:", "R", "ORIG", "FS:")):
            break
        if len(frames) >= _MOST_FRAMES:
            break
    return tuple(frames)
