# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selftest.detection.story import read_story

CRASH = b"""\
[  186.1] sysrq: Trigger a crash
[  186.1] Kernel panic - not syncing: sysrq triggered crash
[  186.1] CPU: 0 PID: 600 Comm: sh Kdump: loaded Not tainted
[    0.0] Linux version 6.1.0-56.deb-default
"""
SAVE = b"""\
[    3.0] Run /init as init process
[[0;32m  OK  [0m] Mounted [0;1;39mkdump-mnt0.mount[0m - /kdump/mnt0.
Extracting dmesg
Copying data                                      : [ 46.1 %] -           eta: 5s
The dumpfile is saved to /kdump/mnt0/crash/x/vmcore.
Rebooting.
[   86.2] reboot: Restarting system
"""
PANIC = b"---[ end Kernel panic - not syncing: %b ]---\n"


def test_a_good_crash_goes_through_all_phases() -> None:
    story = read_story(CRASH + SAVE)
    assert story.phases == (
        "crashed",
        "capture kernel",
        "capture initrd",
        "target mounted",
        "saving",
        "saved",
        "restarts",
    )
    assert story.stuck is None
    assert story.captured


def test_without_a_capture_kernel_the_panic_is_the_end() -> None:
    story = read_story(CRASH.partition(b"[    0.0]")[0] + PANIC % b"sysrq triggered crash")
    assert (story.captured, story.stuck) == (False, "no capture kernel started")


def test_a_boot_before_the_crash_is_no_capture_kernel() -> None:
    assert not read_story(b"Linux version 6.1\n").captured


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (b"Kernel panic - not syncing: System is deadlocked on memory\n", "the capture kernel ran out of memory"),
        (b"Something failed. You can try to debug it here.\n", "a shell after a failed save"),
        (b"Dump saving completed.\nType 'reboot -f' to reboot the system\n", "a shell after the save"),
        (b"Entering emergency mode. Exit the shell to continue.\n", "an emergency shell"),
        (PANIC % b"VFS: Unable to mount root fs", "the capture kernel panicked"),
    ],
)
def test_what_will_never_end_is_known_by_its_words(said: bytes, meaning: str) -> None:
    assert read_story(CRASH + said).stuck == meaning


def test_a_panic_that_restarts_by_itself_is_waited_for() -> None:
    assert read_story(CRASH + PANIC % b"VFS" + b"Rebooting in 10 seconds..\n").stuck is None


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
    first, second = (read_story(CRASH + b"".join(line % n for n in range(end))) for end in (3, 9))
    assert first.progress == second.progress
    assert second.waits_for == what
    assert read_story(CRASH + line % 9 + b"\nsomething more\n").progress > second.progress


@given(st.binary())
def test_any_output_tells_some_story(output: bytes) -> None:
    assert read_story(output).progress >= 0
