# SPDX-License-Identifier: Apache-2.0
"""Watching a crash until the node is back, or until it is known that it will not come back by itself."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from kdumpcheck.crash.limits import Limits
from kdumpcheck.crash.story import BOOTS, RESTARTS, SAVED, SAVING, Story, Teller
from kdumpcheck.power.console import ConsoleError, Line

_EVERY: Final = 1.0
_ASK_EVERY: Final = 5.0
_LAST_LINES: Final = 40

How = Literal["back", "hung", "slow", "unharmed", "left"]

#: Tells the operator the phase, the step or percent, and the seconds since the trigger.
Tell = Callable[[str, str, float], None]


class Ear(Protocol):
    """What a watch needs of a console."""

    def read(self, seconds: float) -> list[Line]:
        """The lines that come within so many seconds. Raises `ConsoleError` when no more will come."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How a watch ended: the node is back, hung, still on its way after too long, or never crashed; or we left.

    `why` is one line for anything but "back"; `unseen` what could not be seen of it, and why. `timeline` has each phase
    with the seconds from the trigger.
    """

    how: How
    story: Story
    phase: str
    why: str
    seconds: float
    timeline: tuple[tuple[str, float], ...]
    last_lines: tuple[str, ...]
    unseen: tuple[str, ...]


class Watch:
    """Follows one crash. Times are on the monotonic clock, which the console's lines carry as well."""

    def __init__(
        self,
        ear: Ear | None,
        answers: Callable[[], str | None],
        old_boot: str,
        limits: Limits,
        tell: Tell,
        *,
        joins: bool = False,
    ) -> None:
        """`ear` is None without a console; `answers` gives the node's boot_id, None while it does not answer.

        The crash was triggered just now, or, when this watch `joins`, an unknown while ago.
        """
        self._began = time.monotonic()
        self._ear = ear
        self._callee = _Callee(answers, old_boot)
        self._limits = limits
        self._tell = tell
        self._teller = Teller(self._began)
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._unseen: list[str] = [] if ear is not None else ["no console was watched"]
        if joins:
            self._teller.join(self._began)
            self._unseen.append("what came before this watch joined in was not seen")
        self._blind_since = self._began if ear is None else None
        self._stuck_since: float | None = None

    def until_the_end(self) -> Seen:
        """Watch until there is nothing left to wait for."""
        try:
            while True:
                self._listen()
                story, now = self._teller.story, time.monotonic()
                self._tell(self._phase(story), _step(story), now - self._began)
                if self._callee.is_back:
                    self._teller.arrived(time.monotonic())
                    return self.seen("back", "")
                if end := self._end(story, now):
                    return self.seen(*self._unless_it_answers(end, now))
        finally:
            self._callee.hang_up()

    def _listen(self) -> None:
        if self._ear is None:
            self._callee.ask()
            self._callee.wait(_EVERY)
            return
        try:
            lines = self._ear.read(_EVERY)
        except ConsoleError as error:
            self._ear, self._blind_since = None, time.monotonic()
            where = self._phase(self._teller.story)
            self._unseen.append(f"the console was lost ({where}, {self._blind_since - self._began:.0f} s): {error}")
            return
        for line in lines:
            self._lines.append(line.text)
            if line.note:
                self._unseen.append(line.text)
            else:
                self._teller.hear(line.text, line.at)
        self._callee.ask()

    def _unless_it_answers(self, end: tuple[How, str], now: float) -> tuple[How, str]:
        """A node that answers from the boot before the crash is not hung, whatever its console does not show."""
        if end[0] == "hung" and self._callee.never_left:
            return (
                "unharmed",
                f"the node still answers {now - self._began:.0f} s after the trigger, and has not crashed",
            )
        return end

    def _end(self, story: Story, now: float) -> tuple[How, str] | None:
        """Whether to wait no longer, and why."""
        limits, elapsed = self._limits, now - self._began
        if self._callee.never_left and not story.phases and elapsed > limits.trigger:
            return self._unless_it_answers(("hung", ""), now)
        self._stuck_since = (self._stuck_since or now) if story.stuck else None
        if self._stuck_since and now - self._stuck_since > limits.stuck:
            return "hung", f"nothing more comes: {story.stuck}"
        if elapsed > limits.whole:
            return "slow", f"no end after {limits.whole / 3600:.0f} hours"
        if self._blind_since is not None:
            rest = limits.boot + (0 if story.saw(RESTARTS) else limits.quiet_save)
            if now - self._blind_since > rest:
                return "hung", f"it has not come back within {rest:.0f} s, and no console tells why"
            return None
        return self._too_long(story, now)

    def _too_long(self, story: Story, now: float) -> tuple[How, str] | None:
        limits, quiet = self._limits, now - story.moved
        if story.saw(RESTARTS):
            restarted = min(
                at for phase, at in zip(story.phases, story.times, strict=True) if phase in (RESTARTS, BOOTS)
            )
            if now - restarted <= limits.boot:
                return None
            if quiet <= limits.silence:
                return "slow", f"it restarted {now - restarted:.0f} s ago, and is still on its way up"
            return "hung", f"no progress for {quiet:.0f} s"
        silent_save = story.saw(SAVING) and not story.saw(SAVED) and story.percent is None
        if quiet > (limits.quiet_save if silent_save else limits.silence):
            waits = f", waiting for {story.waits_for}" if story.waits_for else ""
            return "hung", f"no progress for {quiet:.0f} s{waits}"
        return None

    def _phase(self, story: Story) -> str:
        return story.phase or ("not seen" if self._ear is None else "triggered")

    def seen(self, how: How, why: str) -> Seen:
        """All that was seen so far, and how it ends."""
        story = self._teller.story
        lines, unseen = tuple(self._lines), tuple(dict.fromkeys(self._unseen))
        timeline = tuple(
            (phase, max(0.0, at - self._began)) for phase, at in zip(story.phases, story.times, strict=True)
        )
        return Seen(how, story, self._phase(story), why, time.monotonic() - self._began, timeline, lines, unseen)


def _step(story: Story) -> str:
    """What it works at, as far as it tells."""
    if story.percent is None or not story.saw(SAVING) or story.saw(RESTARTS):
        return ""
    return f"{story.step} {story.percent:.0f} %"


class _Callee:
    """Asks the node, beside the watch, whether it answers: a node that is going down keeps a caller waiting."""

    def __init__(self, answers: Callable[[], str | None], old_boot: str) -> None:
        self._answers = answers
        self._old_boot = old_boot
        self._over = threading.Event()
        self._due = threading.Event()
        self._changed = threading.Event()
        self._last = 0.0
        self.is_back = False
        #: Whether the last word we had of it was of the boot before the crash.
        self.never_left = False
        threading.Thread(target=self._call, name="is it back", daemon=True).start()

    def ask(self) -> None:
        """Have it asked, unless that was done a moment ago."""
        if time.monotonic() - self._last >= _ASK_EVERY:
            self._last = time.monotonic()
            self._due.set()

    def wait(self, seconds: float) -> None:
        """Wait so long, or until it is back."""
        self._changed.wait(seconds)

    def hang_up(self) -> None:
        """Ask no more."""
        self._over.set()
        self._due.set()

    def _call(self) -> None:
        while not self._over.is_set():
            self._due.wait()
            self._due.clear()
            if self._over.is_set():
                return
            boot = self._answers()
            self.never_left = boot == self._old_boot
            if boot is not None and boot != self._old_boot:
                self.is_back = True
                self._changed.set()
                return
