# SPDX-License-Identifier: Apache-2.0
"""The BMCs, asked with ipmitool as an operator would."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest
from selftest.lab.live import COMMAND_SECONDS, LiveLab

from kdumpcheck.lab.bmc import Bmcs

VM = "ncn-m001"
CONTAINER = "ncn-w102"


@pytest.fixture
def vm(lab: LiveLab) -> Iterator[str]:
    yield VM
    lab.do("heal", VM, "--restore")


def wait_for(what: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + COMMAND_SECONDS
    while not what():
        assert time.monotonic() < end, f"{why}: not within {COMMAND_SECONDS} s"
        time.sleep(0.1)  # the other side is a machine that takes its time


def power(live: LiveLab, node: str) -> str:
    return live.ipmi(node, "power", "status").stdout.strip()


def test_power_of_a_vm_off_and_on_and_reset_and_cycle(lab: LiveLab, vm: str) -> None:
    console = lab.state.node(vm) / "console.log"
    first = lab.process(vm)
    assert power(lab, vm) == "Chassis Power is on"
    assert lab.ipmi(vm, "power", "off").returncode == 0
    assert power(lab, vm) == "Chassis Power is off"
    assert not first.alive
    assert lab.ipmi(vm, "power", "on").returncode == 0
    assert power(lab, vm) == "Chassis Power is on"
    second = lab.process(vm)
    assert second != first
    wait_for(lambda: boots(console) == 1, "the kernel starts after power on")
    assert lab.ipmi(vm, "power", "reset").returncode == 0
    wait_for(lambda: boots(console) == 2, "the kernel starts after a reset")
    assert lab.process(vm) == second  # a reset leaves the machine itself as it is
    assert lab.ipmi(vm, "power", "cycle").returncode == 0
    wait_for(lambda: lab.process(vm) != second, "a cycle ends the machine and starts another")
    wait_for(lambda: boots(console) == 3, "the kernel starts after a cycle")
    assert not second.alive


def boots(console: Path) -> int:
    return len(re.findall(rb"Linux version ", console.read_bytes()))


def test_a_reset_vm_comes_back_with_kdump_loaded(lab: LiveLab, vm: str) -> None:
    before = lab.run(vm, "cat /proc/sys/kernel/random/boot_id\n")
    assert lab.ipmi(vm, "power", "off").returncode == 0
    lab.do("up", vm)  # finds it off, and powers it on
    after = lab.run(vm, "cat /proc/sys/kernel/random/boot_id; cat /sys/kernel/kexec_crash_loaded\n").split()
    assert after[0] != before.strip()
    assert after[1] == "1"


def test_the_power_of_one_node_is_not_that_of_another(fleet: LiveLab) -> None:
    assert fleet.ipmi(CONTAINER, "power", "off").returncode == 0
    assert [power(fleet, name).split()[-1] for name in fleet.state.node_names()].count("off") == 1
    fleet.do("up", "--containers", CONTAINER)
    assert power(fleet, CONTAINER) == "Chassis Power is on"


def test_a_container_is_asked_to_shut_down_and_does(fleet: LiveLab) -> None:
    # Only a node that stops its services in good order runs this; one that is cut off does not.
    goodbye = (
        "systemd-run -q -p RemainAfterExit=yes -p 'ExecStop=/bin/touch /root/goodbye' /bin/true; rm -f /root/goodbye"
    )
    fleet.run(CONTAINER, goodbye)
    assert fleet.ipmi(CONTAINER, "power", "soft").returncode == 0
    wait_for(lambda: power(fleet, CONTAINER) == "Chassis Power is off", "it shuts down")
    fleet.do("up", "--containers", CONTAINER)
    assert fleet.run(CONTAINER, "ls /root/goodbye").strip() == "/root/goodbye"


def test_a_wrong_password_opens_nothing(lab: LiveLab) -> None:
    argv = Bmcs(lab.state).ipmitool(lab.record(VM).bmc, "power", "off")
    wrong = lab.home / "wrong"
    wrong.write_text("guess\n")
    argv[argv.index("-f") + 1] = str(wrong)
    assert subprocess.run(argv, capture_output=True, timeout=COMMAND_SECONDS, check=False).returncode != 0
    assert power(lab, VM) == "Chassis Power is on"


def test_no_password_is_in_any_running_command_line_or_in_the_environment(lab: LiveLab) -> None:
    password = lab.state.bmc_password.read_bytes().strip()
    assert len(password) >= 16
    for process in Path("/proc").glob("[0-9]*"):
        for what in ("cmdline", "environ"):
            try:
                seen = (process / what).read_bytes()
            except OSError:  # ended meanwhile
                continue
            assert password not in seen, f"{what} of process {process.name}"


def test_files_with_the_password_are_for_their_owner_only(lab: LiveLab) -> None:
    password = lab.state.bmc_password.read_bytes().strip()
    holders = [path for path in lab.state.root.rglob("*") if path.is_file() and path.suffix not in (".qcow2", ".log")]
    holders = [path for path in holders if password in path.read_bytes()]
    assert lab.state.bmc_password in holders
    assert {path.stat().st_mode & 0o077 for path in holders} == {0}


def test_serial_over_lan_shows_the_console_and_types_into_it(lab: LiveLab) -> None:
    with sol(lab, VM) as session:
        lab.run(VM, "echo 'seen over the LAN' >/dev/ttyS0\n")
        assert session.shows(b"seen over the LAN")
        session.type(b"\r")
        assert session.shows(b"login:")


class sol:  # noqa: N801 - reads as a verb in a with statement
    """`kdumpcheck lab console --interactive`, on a terminal."""

    def __init__(self, live: LiveLab, node: str) -> None:
        self._argv = [sys.executable, "-m", "kdumpcheck.cli", "lab", "console", node, "--interactive"]
        self._live = live
        self._seen = b""

    def __enter__(self) -> Self:
        self._master, slave = pty.openpty()
        self._process = subprocess.Popen(
            self._argv, stdin=slave, stdout=slave, stderr=slave, env=self._live.environ, start_new_session=True
        )
        os.close(slave)
        os.set_blocking(self._master, False)
        assert self.shows(b"SOL Session operational")
        return self

    def __exit__(self, *_: object) -> None:
        self.type(b"\r~.")
        try:
            self._process.wait(COMMAND_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            os.close(self._master)

    def type(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def shows(self, text: bytes) -> bool:
        end = time.monotonic() + COMMAND_SECONDS
        while text not in self._seen and time.monotonic() < end:
            try:
                self._seen += os.read(self._master, 65536)
            except BlockingIOError:
                time.sleep(0.05)  # nothing on the terminal yet
            except OSError:  # the terminal is closed
                break
        return text in self._seen
