# SPDX-License-Identifier: Apache-2.0
"""A watch on made consoles. Its limits are short, so that what never ends is over soon."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from selftest.unit.crash.test_story import CRASH, SAVE

from kdumpcheck.crash import watch as module
from kdumpcheck.crash.limits import PAGE, Limits
from kdumpcheck.crash.watch import Seen, Watch
from kdumpcheck.power.console import ConsoleError, Line

OLD, NEW = "1111", "2222"
SHORT = Limits(silence=0.5, quiet_save=1, boot=0.7, trigger=0.5, stuck=0.2)
PATIENT = Limits(silence=30, quiet_save=30, boot=30, trigger=30, stuck=30)
LOST = "ncn-w001: the BMC does not answer any more"


class Clock:
    """The watch's own: however long this machine stands still between two looks at it, it goes on by `most` seconds."""

    def __init__(self, most: float = 0.05) -> None:
        self.most = most
        self._now, self._seen = 1000.0, time.monotonic()

    def monotonic(self) -> float:
        seen = time.monotonic()
        self._now, self._seen = self._now + min(seen - self._seen, self.most), seen
        return self._now


CLOCK = Clock()


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    monkeypatch.setattr(module, "time", CLOCK)
    yield CLOCK
    CLOCK.most = 0.05


class MadeConsole:
    """Gives its lines one by one, then silence, or an error where it `breaks`."""

    def __init__(self, text: str, *, breaks: bool = False) -> None:
        self._lines = text.splitlines()
        self._breaks = breaks
        self.over = False

    def read(self, seconds: float) -> list[Line]:
        if self._lines:
            now = module.time.monotonic()  # type: ignore[attr-defined] # whatever clock the watch has
            return [Line(now, self._lines.pop(0))]
        self.over = True
        if self._breaks:
            raise ConsoleError("lost", "ncn-w001", "the BMC does not answer any more")
        time.sleep(min(seconds, 0.01))
        return []


def watch(
    console: MadeConsole | None, answers: Callable[[], str | None], limits: Limits, *, joins: bool = False
) -> tuple[Seen, list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    watching = Watch(console, answers, OLD, limits, lambda phase, step, _: told.append((phase, step)), joins=joins)
    return watching.until_the_end(), told


def once_over(console: MadeConsole, boot: str = NEW) -> Callable[[], str | None]:
    """The node answers as soon as its console has told all."""
    return lambda: boot if console.over else None


def never() -> str | None:
    return None


def test_a_good_crash_ends_when_the_node_answers_from_another_boot() -> None:
    console = MadeConsole(CRASH + SAVE + "[    0.0] Linux version 6.1\n")
    seen, told = watch(console, once_over(console), PATIENT)
    assert (seen.how, seen.phase, seen.why) == ("back", "up", "")
    assert [phase for phase, _ in seen.timeline] == list(seen.story.phases)
    assert ("saving", "Copying data 46 %") in told
    assert seen.unseen == ()


def test_silence_is_a_hang_in_its_phase() -> None:
    seen, _ = watch(MadeConsole(CRASH), never, SHORT)
    assert (seen.how, seen.phase) == ("hung", "capture kernel")
    assert seen.why.startswith("no progress for")
    assert seen.last_lines[-1].endswith("Linux version 6.1.0-56.deb-default")


def test_what_it_waits_for_is_said() -> None:
    line = "[ *** ] A start job is running for /dev/disk/by-label/ROOTRAID (9s / no limit)\n"
    seen, _ = watch(MadeConsole(CRASH + line), never, SHORT)
    assert seen.why.endswith("waiting for /dev/disk/by-label/ROOTRAID")


def test_a_line_that_ends_it_is_enough() -> None:
    seen, _ = watch(
        MadeConsole(CRASH + "Something failed. You can try to debug it here.\n"), never, replace(PATIENT, stuck=0)
    )
    assert (seen.how, seen.why) == ("hung", "nothing more comes: a shell after a failed save")


def test_a_save_that_shows_no_percent_is_given_longer() -> None:
    silent = MadeConsole(CRASH + "Saved temporary README.txt\n")
    seen, _ = watch(silent, once_over(silent), replace(SHORT, quiet_save=30))
    assert seen.how == "back"
    percent = CRASH + "Copying data                                      : [ 46.1 %] -           eta: 5s\n"
    begun = CLOCK.monotonic()
    late = lambda: NEW if CLOCK.monotonic() - begun > 5 else None  # noqa: E731 - what a longer patience would see
    seen, _ = watch(MadeConsole(percent), late, replace(SHORT, quiet_save=30))
    assert (seen.how, seen.phase) == ("hung", "saving")


def test_a_node_that_restarts_and_never_answers_is_hung_there() -> None:
    seen, _ = watch(MadeConsole(CRASH + SAVE), never, SHORT)
    assert (seen.how, seen.phase) == ("hung", "restarts")


def test_a_node_that_still_moves_is_slow_and_not_hung() -> None:
    words = ("alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett")

    class Talkative(MadeConsole):
        def read(self, seconds: float) -> list[Line]:
            if self._lines:
                return super().read(seconds)
            time.sleep(0.02)
            now = CLOCK.monotonic()
            return [Line(now, f"Starting {words[int(now * 50) % len(words)]} {words[int(now * 5) % len(words)]}")]

    seen, _ = watch(Talkative(CRASH + SAVE), never, replace(SHORT, silence=20))
    assert (seen.how, seen.phase) == ("slow", "restarts")
    assert "still on its way" in seen.why


def test_a_trigger_that_did_nothing_is_told() -> None:
    seen, _ = watch(MadeConsole(""), lambda: OLD, SHORT)
    assert seen.how == "unharmed"
    assert "has not crashed" in seen.why


def test_a_lost_console_does_not_end_the_watch() -> None:
    console = MadeConsole(CRASH, breaks=True)
    seen, _ = watch(console, once_over(console), PATIENT)
    assert seen.how == "back"
    (said,) = seen.unseen
    assert said.startswith("the console was lost (capture kernel, ")
    assert said.endswith(LOST)


def test_without_a_console_only_the_end_is_seen() -> None:
    seen, told = watch(None, lambda: NEW, PATIENT)
    assert (seen.how, seen.story.phases) == ("back", ("up",))
    assert seen.unseen == ("no console was watched",)
    assert {phase for phase, _ in told} == {"not seen"}


def test_without_a_console_a_node_that_stays_away_is_hung(clock: Clock) -> None:
    clock.most = 3600  # nothing is missed here, and each look comes a second after the last
    seen, _ = watch(None, never, SHORT)
    assert seen.how == "hung"
    assert "no console tells why" in seen.why


def test_a_watch_that_joins_in_the_middle_follows_from_there() -> None:
    _, _, rest = SAVE.partition("\n")
    console = MadeConsole(rest)
    seen, _ = watch(console, once_over(console), PATIENT, joins=True)
    assert seen.how == "back"
    assert seen.story.saw("saved")
    assert seen.unseen == ("what came before this watch joined in was not seen",)


def test_what_the_console_says_of_itself_is_no_word_of_the_node() -> None:
    class Noted(MadeConsole):
        def read(self, seconds: float) -> list[Line]:
            lines = super().read(seconds)
            return [replace(line, note="session" in line.text) for line in lines]

    console = Noted(CRASH + "the session was lost, and taken up again\n")
    seen, _ = watch(console, once_over(console), PATIENT)
    assert seen.unseen == ("the session was lost, and taken up again",)


def test_limits_grow_with_the_memory_unless_the_operator_says_so() -> None:
    small, large = Limits.of(2**29, None, 900), Limits.of(512 * 2**30, None, 900)
    assert (small.silence, small.boot) == (PAGE + 0.5, 900)
    assert (large.silence, large.quiet_save) == (PAGE + 512, PAGE + 4 * 512)
    said = Limits.of(512 * 2**30, 60, 120)
    assert (said.silence, said.quiet_save, said.boot) == (60, 60, 120)
