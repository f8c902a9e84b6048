# SPDX-License-Identifier: Apache-2.0
"""`lab down` leaves nothing, whatever was going on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selftest.lab.live import UP_SECONDS, LiveLab

from kdumpcheck.lab import limits
from kdumpcheck.lab.process import marked
from kdumpcheck.lab.teardown import find_leftovers

VM = "ncn-m001"
FLEET = "ncn-w[201-206]"


@pytest.fixture
def own(make_lab: Callable[[str], LiveLab], lab: LiveLab, fleet: LiveLab) -> LiveLab:
    """A lab to bring up and take down; `lab` and `fleet` have filled the cache, and must be left alone."""
    return make_lab("own")


@pytest.fixture(autouse=True)
def others_are_left_alone(lab: LiveLab, fleet: LiveLab) -> Iterator[None]:
    nodes = [live.process(name) for live in (lab, fleet) for name in live.state.node_names()]
    yield
    assert all(process.alive for process in nodes)


def start(own: LiveLab, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "kdumpcheck.cli", "lab", "up", *words]
    return subprocess.Popen(argv, env=own.environ, cwd=own.home, stderr=subprocess.PIPE, text=True)


def assert_nothing_is_left(own: LiveLab) -> None:
    assert not own.state.root.exists()
    assert not find_leftovers(own.state.root)
    mentioned = str(own.home)
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) != os.getpid():
            try:
                seen = (process / "cmdline").read_bytes()
            except OSError:  # ended meanwhile
                continue
            assert mentioned.encode() not in seen, f"process {process.name}: {seen!r}"
    assert mentioned not in Path("/proc/self/mountinfo").read_text()
    loops = subprocess.run(["losetup", "--list", "--noheadings"], capture_output=True, text=True, check=True)
    assert mentioned not in loops.stdout
    assert not list(Path("/sys/fs/cgroup").rglob("*ncn-w20[1-6]*"))


def test_down_after_up_leaves_nothing(own: LiveLab) -> None:
    limit = limits.INSTANCES.read_text()
    own.do("up", VM, "--containers", FLEET, seconds=UP_SECONDS)
    assert len(marked(own.state.root)) >= 8
    assert own.state.inventory.exists()
    own.do("down")
    assert_nothing_is_left(own)
    assert limits.INSTANCES.read_text() == limit
    own.do("down")  # again: there is nothing, and that is no error


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
@pytest.mark.parametrize("after", [1, 2, 5])
@pytest.mark.parametrize("words", [(VM,), ("--containers", FLEET)], ids=["vm", "containers"])
def test_down_after_an_up_that_was_cut_short(
    own: LiveLab, words: tuple[str, ...], after: int, number: signal.Signals
) -> None:
    command = start(own, *words)
    end = time.monotonic() + UP_SECONDS
    while len(marked(own.state.root)) < after and command.poll() is None:
        assert time.monotonic() < end, "it does not start anything"
        time.sleep(0.01)  # to cut it short as near to a start as can be
    command.send_signal(number)
    told = command.communicate(timeout=UP_SECONDS)[1]
    if number == signal.SIGINT and command.returncode != 0:  # it may have been done already
        assert command.returncode == 2
        assert "kdumpcheck lab down" in told
        assert "Traceback" not in told
    own.do("down")
    assert_nothing_is_left(own)


def test_up_works_after_an_up_that_was_cut_short(own: LiveLab) -> None:
    command = start(own, VM)
    while not marked(own.state.root):
        assert command.poll() is None
        time.sleep(0.01)  # as above
    command.kill()
    command.communicate()
    own.do("up", VM)
    assert own.run(VM, "cat /sys/kernel/kexec_crash_loaded\n") == "1\n"
    own.do("down")
    assert_nothing_is_left(own)


def test_two_commands_at_once_do_not_collide(own: LiveLab) -> None:
    first = start(own, "--containers", FLEET)
    while not marked(own.state.root):
        assert first.poll() is None
        time.sleep(0.01)  # as above
    second = own.kdumpcheck("lab", "down")
    first.communicate(timeout=UP_SECONDS)
    assert first.returncode == 0
    # The second either waited for the first or was told of it; it never took the nodes away under its hands.
    assert second.returncode == 0 or "another lab command is at work" in second.stderr
    own.do("down")
    assert_nothing_is_left(own)


def test_a_node_that_was_killed_is_found_off_and_started_again(own: LiveLab) -> None:
    own.do("up", "--containers", "ncn-w201")
    before = own.process("ncn-w201")
    before.send(signal.SIGKILL)
    assert before.ended_within(60)
    assert " off " in own.do("status")
    own.do("up", "--containers", "ncn-w201")
    assert own.process("ncn-w201") != before
    assert own.run("ncn-w201", "cat /sys/kernel/kexec_crash_loaded\n") == "1\n"
    own.do("down")
    assert_nothing_is_left(own)


def test_a_name_that_is_a_vm_cannot_be_a_container_too(lab: LiveLab) -> None:
    refused = lab.kdumpcheck("lab", "up", "--containers", VM)
    assert refused.returncode == 1
    assert f"{VM}: it is a vm in this lab already" in refused.stderr
