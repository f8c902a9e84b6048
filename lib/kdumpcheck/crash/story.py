# SPDX-License-Identifier: Apache-2.0
"""A crash as its console tells it: how far it came, whether it moves, and whether there is anything left to wait for.

Pure: it is fed with lines, and with the time at which each arrived.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

CRASHED: Final = "crashed"
CAPTURE: Final = "capture kernel"
INITRD: Final = "capture initrd"
MOUNTED: Final = "target mounted"
SAVING: Final = "saving"
SAVED: Final = "saved"
RESTARTS: Final = "restarts"
BOOTS: Final = "boots again"
UP: Final = "up"
#: In the order in which a crash goes through them. No console tells the last one: that is seen when the node answers.
PHASES: Final = (CRASHED, CAPTURE, INITRD, MOUNTED, SAVING, SAVED, RESTARTS, BOOTS, UP)

_SIGNS: Final = {
    CRASHED: re.compile(r"Kernel panic - not syncing|sysrq: Trigger a crash"),
    INITRD: re.compile(r"Run /init as init process|systemd\[1\]: systemd .* running in system mode"),
    MOUNTED: re.compile(
        r"Mounted .*kdump-mnt|XFS \(\S+\): (?:Ending (?:clean mount|recovery))|EXT4-fs \(\S+\): mounted "
    ),
    SAVING: re.compile(r"Saving dump|Copying data|Extracting dmesg|Saved temporary README|running makedumpfile "),
    SAVED: re.compile(r"The dumpfile is saved to|Dump saving completed|vmcore status: *saved|[Ss]aved vmcore"),
    RESTARTS: re.compile(r"reboot: (?:Restarting system|machine restart)|Rebooting\."),
    # A capture kernel never leaves its initrd.
    BOOTS: re.compile(r"dracut: Switching root|\blogin: *$"),
}
_KERNEL: Final = re.compile(r"Linux version \d")
_CMDLINE: Final = re.compile(r"(?:Kernel c|C)ommand line: ")
#: The word that tells a capture kernel from any other: where the memory of the crashed one begins.
_CAPTURES: Final = re.compile(r"\belfcorehdr=")
_STAMP: Final = re.compile(r"\[ *(\d{1,9})\.\d{1,6}\]")
#: A kernel's clock goes back by so many seconds only where another kernel starts (printk may mix up milliseconds).
_BACK: Final = 5

#: Lines after which nothing more comes, whoever waits; and what they mean.
_STUCK: Final = (
    (r"System is deadlocked on memory", "the capture kernel ran out of memory"),
    (r"Out of memory and no killable processes", "the capture kernel ran out of memory"),
    (r"Something failed\. You can try to debug", "a shell after a failed save"),
    (r"Dump saving completed\.", "a shell after the save"),
    (r"Type 'reboot -f' to reboot the system", "a shell on the console"),
    (
        r"Entering emergency mode|Press Enter for (?:maintenance|emergency)|You are in emergency mode",
        "an emergency shell",
    ),
    # kdump-utils with failure_action shell.
    (r"Entering kdump emergency mode", "a shell after a failed save"),
    # kdump-tools reboots from within it: it only comes to its end where it saves nothing.
    (r"Finished .*kdump-tools-dump\b", "kdump-tools saved nothing, and the capture kernel stays"),
    (r"\(initramfs\) *$", "a shell in the initrd"),
    (r"Cannot open access to console, the root account is locked", "an emergency shell"),
)
#: Lines that tell why no dump, or no whole one, is to be expected; the save may go on all the same.
_TROUBLES: Final = (
    (r"Out of memory: Killed process \d+ \(makedumpfile", "makedumpfile was killed for lack of crash memory"),
    (r"invoked oom-killer", "the capture kernel ran out of memory"),
    (r"No space left on device", "the file system that the dump goes to is full"),
    (r"Dump too large\. Aborting|Deleted vmcore: only", "the dump would leave less free than KDUMP_FREE_DISK_SIZE"),
    (r"Failed to mount .*(?:kdump|sysroot)", "the file system that the dump goes to could not be mounted"),
    (r"ALERT! .*does not exist", "the disk that the dump goes to never came"),
    (r"(?:Timed out waiting for device|Job .*device/start timed out)", "the disk that the dump goes to never came"),
    (
        r"failed to save vmcore in|saving vmcore failed|makedumpfile(?: \S+)? failed|makedumpfile Failed",
        "makedumpfile failed",
    ),
    (r"cannot make .* on the dump target|kdump-save: .* failed", "a step of the save failed"),
)
_MEANINGS: Final = tuple((re.compile(pattern), meaning) for pattern, meaning in _STUCK)
_HINTS: Final = tuple((re.compile(pattern), meaning) for pattern, meaning in (*_STUCK, *_TROUBLES))

_PANIC: Final = re.compile(r"Kernel panic - not syncing: *(.*)")
_PANIC_END: Final = re.compile(r"end Kernel panic")
_RESTARTS_BY_ITSELF: Final = re.compile(r"Rebooting in \d+ seconds")
_FOR: Final = re.compile(r"\bJob (\S+).* running \(\d|A start job is running for (\S+)")
#: makedumpfile's progress, as in "Copying data    : [ 46.1 %] -    eta: 5s", and the bars of the older kdump-save.
_STEP: Final = re.compile(r"([A-Z][\w .]{3,40}?) *(?:: \[ *|\|[#-]*\| *)(\d{1,3}(?:\.\d)?) *%")
_WHOLE: Final = 100.0

# A line is progress when it says something that was not said before. Numbers are left out of it: systemd counts the
# seconds it waits, a watchdog the seconds for which a CPU is stuck, and neither moves.
_NUMBERS: Final = re.compile(r"\S*\d\S*|\b[0-9a-f]+\b")
_WORDS: Final = re.compile(r"[^\W\d_]+")
_SHORT: Final = 8
_MOST_SAYINGS: Final = 8192
_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class Story:
    """What a console has shown since the crash was triggered.

    Times are those of the lines. `step` and `percent` are what makedumpfile works at; "" and None where it is not told.
    """

    phases: tuple[str, ...]
    times: tuple[float, ...]
    """when each phase began"""
    stuck: str | None
    """why nothing more is to be expected, None while there is"""
    troubles: tuple[str, ...]
    """what went wrong on the way, the first one first"""
    progress: int
    """grows while something happens"""
    moved: float
    """when it grew last"""
    waits_for: str | None
    """what systemd says it waits for, the last time it said"""
    step: str
    percent: float | None

    @property
    def captured(self) -> bool:
        """Whether the capture kernel started."""
        return CAPTURE in self.phases

    @property
    def phase(self) -> str:
        """The last phase seen; "" before the first."""
        return self.phases[-1] if self.phases else ""

    def cause(self) -> str:
        """The likely cause of what went wrong; "" where the console tells none."""
        if self.troubles:
            return self.troubles[0]
        if self.stuck:
            return self.stuck
        return f"it waited for {self.waits_for}" if self.waits_for and not self.saw(SAVING) else ""

    def saw(self, phase: str) -> bool:
        """Whether it came as far as this phase, or farther."""
        return bool(self.phases) and PHASES.index(self.phases[-1]) >= PHASES.index(phase)


class Teller:
    """Hears a console line by line, and tells the story so far."""

    def __init__(self, at: float = 0.0) -> None:
        """`at` is when the crash was triggered."""
        self._phases: dict[str, float] = {}
        self._stuck: str | None = None
        self._troubles: dict[str, None] = {}
        self._said: set[str] = set()
        self._progress = 0
        self._moved = at
        self._waits_for: str | None = None
        self._step = ""
        self._percent: float | None = None
        self._stamp = 0
        self._command_line_seen = False
        self._restarts_by_itself = False
        self._joined = False

    @property
    def story(self) -> Story:
        """The story so far."""
        return Story(
            tuple(self._phases),
            tuple(self._phases.values()),
            self._stuck,
            tuple(self._troubles),
            self._progress,
            self._moved,
            self._waits_for,
            self._step,
            self._percent,
        )

    def hear(self, text: str, at: float = 0.0) -> None:
        """One line that arrived at this time; total over any text."""
        line = text[:_LONGEST]
        if not self._phases:
            if _SIGNS[CRASHED].search(line):  # before the crash, nothing means anything
                self._enter(CRASHED, at)
                self._stamp = _stamp(line) or 0
            return
        if self._is_another_kernel(line):
            self._start_kernel(at)
        self._read_command_line(line, at)
        self._look_for_phases(line, at)
        self._look_for_trouble(line)
        self._look_for_progress(line, at)

    def join(self, at: float) -> None:
        """Begin to listen in the middle: what came before is not known, but that the node was crashed."""
        self._enter(CRASHED, at)
        self._enter(CAPTURE, at)
        self._command_line_seen = True
        self._joined = True

    def arrived(self, at: float) -> None:
        """The node answers again: only that is the end of the story."""
        self._enter(UP, at)

    @property
    def _now(self) -> int:
        return PHASES.index(next(reversed(self._phases)))

    def _enter(self, phase: str, at: float) -> None:
        self._phases[phase] = at
        self._move(at)

    def _move(self, at: float) -> None:
        self._progress += 1
        self._moved = max(self._moved, at)

    def _is_another_kernel(self, line: str) -> bool:
        """A kernel that is told to be quiet does not name itself; its clock begins at 0 all the same."""
        stamp = _stamp(line)
        before, self._stamp = self._stamp, self._stamp if stamp is None else stamp
        return bool(_KERNEL.search(line)) or (stamp is not None and stamp + _BACK < before)

    def _start_kernel(self, at: float) -> None:
        self._joined = False
        first = self._now == PHASES.index(CRASHED) and not self._restarts_by_itself
        if not first and CAPTURE not in self._phases:
            self._troubles["no capture kernel started"] = None
        self._stuck, self._restarts_by_itself, self._command_line_seen = None, False, False
        self._said.clear()
        self._step, self._percent, self._waits_for = "", None, None
        self._enter(CAPTURE if first else BOOTS, at)

    def _read_command_line(self, line: str, at: float) -> None:
        if self._command_line_seen or not _CMDLINE.search(line):
            return
        self._command_line_seen = True
        if self._now == PHASES.index(CAPTURE) and not _CAPTURES.search(line):
            # The first kernel after the crash is no capture kernel: the machine was reset.
            del self._phases[CAPTURE]
            self._troubles["no capture kernel started"] = None
            self._enter(BOOTS, at)

    def _look_for_phases(self, line: str, at: float) -> None:
        if CAPTURE not in self._phases:
            return
        for phase in PHASES[self._now + 1 :]:
            # Which kernel is heard is not known yet, and any boot mounts a disk.
            sign = None if self._joined and phase in (INITRD, MOUNTED) else _SIGNS.get(phase)
            if sign is not None and sign.search(line):
                self._enter(phase, at)
                return

    def _look_for_trouble(self, line: str) -> None:
        captured = CAPTURE in self._phases
        in_capture = captured and self._now < PHASES.index(RESTARTS)
        if in_capture:
            self._troubles.update(dict.fromkeys(meaning for pattern, meaning in _HINTS if pattern.search(line)))
            panic = _PANIC.search(line)
            if panic and not self._troubles:
                self._troubles[f"the capture kernel panicked: {panic[1].strip()[:120]}"] = None
        if captured and self._stuck is None:
            self._stuck = next((meaning for pattern, meaning in _MEANINGS if pattern.search(line)), None)
        if _RESTARTS_BY_ITSELF.search(line):
            self._restarts_by_itself, self._stuck = True, None
        elif _PANIC_END.search(line) and self._stuck is None and not self._restarts_by_itself:
            self._stuck = "the capture kernel panicked" if captured else "no capture kernel started"

    def _look_for_progress(self, line: str, at: float) -> None:
        waits = _FOR.search(line)
        if waits:
            self._waits_for = waits[1] or waits[2]
        if step := _STEP.search(line):
            name, percent = step[1].strip(), min(float(step[2]), _WHOLE)
            if (name, percent) != (self._step, self._percent):
                self._step, self._percent = name, percent
                self._move(at)
            return
        saying = " ".join(_WORDS.findall(_NUMBERS.sub(" ", line)))
        if len(saying) > _SHORT and saying not in self._said and len(self._said) < _MOST_SAYINGS:
            self._said.add(saying)
            self._move(at)


def _stamp(line: str) -> int | None:
    found = _STAMP.match(line)
    return int(found[1]) if found else None


def tell(lines: Iterable[str]) -> Story:
    """The story of console lines that begin where the crash was triggered; total over any text."""
    teller = Teller()
    for line in lines:
        teller.hear(line)
    return teller.story
