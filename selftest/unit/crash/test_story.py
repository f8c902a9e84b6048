# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import gzip
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.crash.story import PHASES, Story, Teller, tell
from kdumpcheck.terminal import plain

CONSOLES = Path(__file__).parent / "consoles"
EXPECTED = yaml.safe_load((CONSOLES / "expected.yaml").read_text(encoding="utf-8"))

CRASH = """\
[  186.1] sysrq: Trigger a crash
[  186.1] Kernel panic - not syncing: sysrq triggered crash
[  186.1] CPU: 0 PID: 600 Comm: sh Kdump: loaded Not tainted
[    0.0] Linux version 6.1.0-56.deb-default
"""
SAVE = """\
[    3.0] Run /init as init process
[  OK  ] Mounted kdump-mnt0.mount - /kdump/mnt0.
Extracting dmesg
Copying data                                      : [ 46.1 %] -           eta: 5s
The dumpfile is saved to /kdump/mnt0/crash/x/vmcore.
Rebooting.
[   86.2] reboot: Restarting system
"""
PANIC = "---[ end Kernel panic - not syncing: {} ]---\n"


def told(text: str) -> Story:
    return tell(text.splitlines())


def console(name: str) -> list[str]:
    return plain(gzip.decompress((CONSOLES / f"{name}.log.gz").read_bytes())).splitlines()


def test_every_console_has_an_expectation() -> None:
    assert {path.name.removesuffix(".log.gz") for path in CONSOLES.glob("*.gz")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_console_tells_what_happened(name: str) -> None:
    story, expected = tell(console(name)), EXPECTED[name]
    assert list(story.phases) == expected["phases"]
    assert story.stuck == expected.get("stuck")
    assert story.cause() == expected.get("cause", "")


def test_a_good_crash_goes_through_all_phases() -> None:
    story = told(CRASH + SAVE)
    assert story.phases == PHASES[:7]
    assert story.stuck is None
    assert story.captured
    assert (story.step, story.percent) == ("Copying data", 46.1)


def test_phases_begin_when_their_lines_come() -> None:
    teller = Teller(10.0)
    for number, line in enumerate((CRASH + SAVE).splitlines()):
        teller.hear(line, 20.0 + number)
    assert teller.story.times == (20.0, 23.0, 24.0, 25.0, 26.0, 28.0, 29.0)
    assert teller.story.moved == 30.0


def test_without_a_capture_kernel_the_panic_is_the_end() -> None:
    story = told(CRASH.partition("[    0.0]")[0] + PANIC.format("sysrq triggered crash"))
    assert (story.captured, story.stuck) == (False, "no capture kernel started")


def test_a_boot_before_the_crash_is_no_capture_kernel() -> None:
    assert not told("Linux version 6.1\n").captured


def test_a_kernel_without_elfcorehdr_is_no_capture_kernel() -> None:
    story = told(CRASH + "[    0.0] Command line: root=live:LABEL=SQFSRAID quiet\n" + SAVE)
    assert story.phases == ("crashed", "boots again")
    assert story.cause() == "no capture kernel started"


def test_a_panic_that_restarts_without_a_capture_kernel_is_told() -> None:
    before, _, after = CRASH.partition("[    0.0]")
    story = told(f"{before}[  187.0] Rebooting in 10 seconds..\n[    0.0]{after}")
    assert story.phases == ("crashed", "boots again")
    assert story.cause() == "no capture kernel started"


def test_a_quiet_kernel_is_told_by_its_clock() -> None:
    # Of the documentation's own frozen crash: the capture kernel never says its name.
    text = """\
[496626.051460] sysrq: Trigger a crash
[496626.054963] Kernel panic - not syncing: sysrq triggered crash
[496626.186329] R13: 0000000000000002 R14: 00007f803f2d0c00 R15: 0000000000000002
[    0.315879] [Firmware Bug]: the BIOS has corrupted hw-PMU resources (MSR 38d is b0)
[    2.859879] mce: Unable to init MCE device (rc: -5)
Unable to ioctl(KDSETLED) -- are you not on the console? (Inappropriate ioctl for device)
"""
    story = told(text)
    assert story.phases == ("crashed", "capture kernel")
    assert story.stuck is None


def test_who_joins_while_it_boots_again_takes_no_mount_for_that_of_the_dump() -> None:
    teller = Teller()
    teller.join(5.0)
    teller.hear("[   12.1] XFS (md127): Ending clean mount", 6.0)
    assert teller.story.phase == "capture kernel"
    teller.hear("[   14.1] dracut: Switching root", 7.0)
    assert teller.story.phase == "boots again"


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("Kernel panic - not syncing: System is deadlocked on memory\n", "the capture kernel ran out of memory"),
        ("Something failed. You can try to debug it here.\n", "a shell after a failed save"),
        ("Dump saving completed.\nType 'reboot -f' to reboot the system\n", "a shell after the save"),
        ("Entering kdump emergency mode.\n", "a shell after a failed save"),
        ("Entering emergency mode. Exit the shell to continue.\n", "an emergency shell"),
        (PANIC.format("VFS: Unable to mount root fs"), "the capture kernel panicked"),
    ],
)
def test_what_will_never_end_is_known_by_its_words(said: str, meaning: str) -> None:
    assert told(CRASH + said).stuck == meaning


def test_a_kernel_that_starts_is_no_longer_stuck() -> None:
    story = told(CRASH + "Entering emergency mode. Exit the shell.\n[    0.0] Linux version 6.1\n")
    assert (story.stuck, story.phase) == (None, "boots again")
    assert story.cause() == "an emergency shell"


def test_a_panic_that_restarts_by_itself_is_waited_for() -> None:
    assert told(CRASH + PANIC.format("VFS") + "Rebooting in 10 seconds..\n").stuck is None


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        (
            "[   21.1] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
            "the capture kernel panicked: Attempted to kill init! exitcode=0x00000100",
        ),
        (
            "[   21.1] Out of memory: Killed process 612 (makedumpfile) total-vm:120kB",
            "makedumpfile was killed for lack of crash memory",
        ),
        ("makedumpfile: No space left on device", "the file system that the dump goes to is full"),
        ("[FAILED] Failed to mount kdump-mnt.mount - /kdump/mnt.", "the file system that the dump goes to"),
        ("Timed out waiting for device /dev/disk/by-label/ROOTRAID", "the disk that the dump goes to never came"),
    ],
)
def test_the_likely_cause_is_told(line: str, cause: str) -> None:
    assert told(f"{CRASH}{line}\n").cause().startswith(cause)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (
            b"\r\x1b[K[\x1b[0;31m*\x1b[0m] A start job is running for /dev/disk/by-label/ROOTRAD (%ds / no limit)",
            "/dev/disk/by-label/ROOTRAD",
        ),
        (
            b"\x1bM\x1b[K[ \x1b[31m*] Job dev-disk-by\\x2dlabel-ROOTRAID.d\xe2\x80\xa6tart running (%ds)\r\n\r\n\x1bM",
            "dev-disk-by\\x2dlabel-ROOTRAID.d…tart",
        ),
    ],
)
def test_counting_seconds_is_no_progress(line: bytes, what: str) -> None:
    first, second = (told(CRASH + plain(b"".join(line % n for n in range(end)))) for end in (3, 9))
    assert first.progress == second.progress
    assert second.waits_for == what
    assert second.cause() == f"it waited for {what}"
    assert told(CRASH + plain(line % 9) + "\nsomething more\n").progress > second.progress


def test_a_cpu_that_is_stuck_again_and_again_is_no_progress() -> None:
    line = "[  {0}.1] watchdog: BUG: soft lockup - CPU#0 stuck for {0}s! [swapper:1]\n[  {0}.2] RAX: {0:016x} ff0{0}e\n"
    first, second = (told(CRASH + "".join(line.format(n) for n in range(20, end))) for end in (22, 99))
    assert first.progress == second.progress


def test_each_percent_is_progress_and_the_same_again_is_none() -> None:
    line = "Copying data                                      : [{:5.1f} %] -           eta: 5s\n"
    first = told(CRASH + line.format(46.1))
    assert told(CRASH + line.format(46.1) * 2).progress == first.progress
    more = told(CRASH + line.format(46.1) + line.format(46.2))
    assert (more.progress, more.percent) == (first.progress + 1, 46.2)


@given(st.lists(st.text()), st.booleans())
def test_any_output_tells_some_story(lines: list[str], crashed: bool) -> None:
    story = tell([*(CRASH.splitlines() if crashed else ()), *lines])
    assert story.progress >= len(story.phases) > -1
    assert list(story.phases) == [phase for phase in PHASES if phase in story.phases]
