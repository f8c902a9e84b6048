# SPDX-License-Identifier: Apache-2.0
"""Consoles over the LAN, of a real BMC emulator (ipmi_sim) whose serial line the test speaks on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from selftest.net.faults import LATER, until
from selftest.net.power.ipmi_sim import ADDRESS, CANARY, USER, IpmiSim, Relay, Serial, free_udp_port
from selftest.net.power.test_ipmi import family, holds

from kdumpcheck.nodes import Node
from kdumpcheck.power import Console, ConsoleError, Line, Login, Ways, open_console
from kdumpcheck.power.console_sol import Patience
from kdumpcheck.transport import Secret

PATIENT = Patience(opening=LATER, silence=30, again=LATER, pause=0.5)
"""Nothing is lost because this machine is busy."""
BRISK = replace(PATIENT, silence=3)
"""For a BMC that is silent on purpose."""


@dataclass
class Bench:
    """A node's BMC and its serial line."""

    sim: IpmiSim
    serial: Serial

    def open(
        self,
        *,
        password: str = CANARY,
        port: int | None = None,
        keep: Path | None = None,
        user: str = USER,
        patience: Patience = PATIENT,
    ) -> Console:
        node = Node("ncn-w001", bmc=f"{ADDRESS}:{port or self.sim.port}")
        ways = Ways(Login(user, Secret(lambda: password)))
        return open_console(node, ways, keep=keep, patience=patience)

    def refused(self, *, password: str = CANARY, port: int | None = None, user: str = USER) -> ConsoleError:
        with pytest.raises(ConsoleError) as error:
            self.open(password=password, port=port, user=user)
        assert "\n" not in str(error.value)
        assert CANARY not in str(error.value)
        return error.value


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Serial() as serial, IpmiSim(tmp_path / "sim", console=serial.where) as sim:
        yield Bench(sim, serial)


def read_to(console: Console, text: str) -> list[Line]:
    """What comes up to a line with this text."""
    lines: list[Line] = []
    end = time.monotonic() + LATER
    while not any(text in line.text for line in lines):
        assert time.monotonic() < end, f"{text} has not come, but {lines}"
        lines += console.read(1.0)
    return lines


def workers() -> set[int]:
    """The processes that hold our consoles."""
    return {pid for pid in family(os.getpid()) if b"worker.py" in Path(f"/proc/{pid}/cmdline").read_bytes()}


def test_lines_come_whole_in_order_and_with_their_times(bench: Bench, tmp_path: Path) -> None:
    keep = tmp_path / "console"
    before = time.monotonic()
    with bench.open(keep=keep) as console:
        assert console.where == f"SOL of {ADDRESS}:{bench.sim.port}"
        lines: list[Line] = []
        for number in range(40):
            bench.serial.shows(b"[%5d.000000] \x1b[1mline\x1b[0m of the kernel, %s\r\n" % (number, b"x" * 60))
            lines += read_to(console, f"[{number:5}.000000]")
        bench.serial.shows(b"Give root password for maintenance")
        lines += read_to(console, "maintenance")
    assert [line.text for line in lines[:-1]] == [
        f"[{number:5}.000000] line of the kernel, {'x' * 60}" for number in range(40)
    ]
    times = [before, *(line.at for line in lines), time.monotonic()]
    assert times == sorted(times)
    assert keep.read_bytes().count(b"\x1b[1mline\x1b[0m") == 40
    assert workers() == set()


def test_a_burst_comes_in_order(bench: Bench) -> None:
    burst = [f"{number:07} of a burst" for number in range(500)]  # 10 kB: what the emulator's UART holds
    with bench.open() as console:
        bench.serial.shows("".join(f"{each}\r\n" for each in burst).encode())
        lines = read_to(console, burst[-1])
    assert [line.text for line in lines] == burst


def test_a_flood_stays_bounded_and_whole_lines_of_it_stay_in_order(bench: Bench) -> None:
    with bench.open() as console:
        bench.serial.shows(b"".join(b"%07d\n" % number for number in range(62_500)))  # 500 kB at once
        lines = read_to(console, "00000")
        end = time.monotonic() + 5
        while time.monotonic() < end:
            lines += console.read(0.5)
    numbers = [int(line.text) for line in lines if len(line.text) == 7 and not line.note]
    assert len(numbers) > 100
    assert numbers == sorted(numbers)  # the emulator drops some, as a BMC would
    assert workers() == set()


def test_a_wrong_password_and_an_unknown_user_are_refused(bench: Bench) -> None:
    for error in (bench.refused(password="wrong"), bench.refused(user="nobody")):
        assert error.kind == "auth"
        assert "or the password" in str(error)


def test_a_second_session_is_told_that_it_is_one_and_the_first_goes_on(bench: Bench) -> None:
    with bench.open() as console:
        second = bench.refused()
        assert second.kind == "taken"
        assert "is held by another session" in str(second)
        assert "sol deactivate" in str(second)
        bench.serial.shows(b"still here\n")
        assert [line.text for line in read_to(console, "still here")] == ["still here"]


def test_a_console_that_was_closed_can_be_opened_at_once(bench: Bench) -> None:
    for number in range(3):
        with bench.open() as console:
            bench.serial.shows(b"round %d\n" % number)
            read_to(console, f"round {number}")
        with pytest.raises(ConsoleError) as closed:
            console.read(0)
        assert closed.value.kind == "closed"


def test_a_console_is_left_to_others_when_its_controller_dies(bench: Bench, tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text(CANARY)
    password.chmod(0o600)
    script = (
        "import pathlib, time; from kdumpcheck.nodes import Node; from kdumpcheck.power import *;"
        "from kdumpcheck.transport import Secret;"
        f"login = Login('root', Secret.from_file(pathlib.Path({str(password)!r})));"
        f"open_console(Node('n', bmc={bench.sim.bmc!r}), Ways(login)); print('open', flush=True); time.sleep(1000)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as controller:
        assert controller.stdout is not None
        assert controller.stdout.readline() == "open\n"
        [worker] = family(controller.pid) - {controller.pid}
        controller.kill()
    until(lambda: not Path(f"/proc/{worker}").exists(), "the worker ends")
    with bench.open() as console:
        bench.serial.shows(b"mine now\n")
        read_to(console, "mine now")


def deactivate(bench: Bench) -> None:
    """What an operator does who wants the console."""
    argv = ["ipmitool", "-I", "lanplus", "-C", "3", "-U", USER, "-E", "-H", ADDRESS, "-p", str(bench.sim.port)]
    environ = {**os.environ, "IPMI_PASSWORD": CANARY}
    subprocess.run([*argv, "sol", "deactivate"], env=environ, timeout=LATER, check=True, capture_output=True)


def test_a_console_that_somebody_ends_is_taken_up_again(bench: Bench) -> None:
    with bench.open() as console:
        deactivate(bench)
        lines = read_to(console, "taken up again")
    assert [line.note for line in lines] == [True, True]
    assert "is lost" in lines[0].text


def test_a_console_that_somebody_takes_is_not_taken_back(bench: Bench) -> None:
    # The other one has the console long before the first tries again, which it does once.
    with bench.open(patience=replace(PATIENT, pause=25, again=20)) as console:
        deactivate(bench)
        with bench.open() as other:
            with pytest.raises(ConsoleError, match=r"for good: .* is held by another session") as lost:
                while True:
                    console.read(5.0)
            bench.serial.shows(b"for the other\n")
            assert [line.text for line in read_to(other, "for the other")] == ["for the other"]
    assert lost.value.kind == "lost"


def test_a_session_that_breaks_off_is_taken_up_again_though_the_bmc_keeps_the_old_one(bench: Bench) -> None:
    with Relay(bench.sim.port, 0) as relay, bench.open(port=relay.port, patience=BRISK) as console:
        bench.serial.shows(b"before\n")
        read_to(console, "before")
        relay.cut = True
        lost = read_to(console, "is lost: the BMC has not answered for 3 s")
        relay.cut = False
        again = read_to(console, "is taken up again after")
        bench.serial.shows(b"after\n")
        after = read_to(console, "after")
    assert all(line.note for line in [*lost, *again])
    assert after[-1].text == "after"


def test_a_bmc_that_restarts_is_taken_up_again(bench: Bench, tmp_path: Path) -> None:
    with bench.open(patience=BRISK) as console:
        bench.sim.__exit__()
        read_to(console, "is lost")
        with Serial() as serial, IpmiSim(tmp_path / "again", console=serial.where, port=bench.sim.port):
            read_to(console, "is taken up again")
            serial.shows(b"restarted\n")
            read_to(console, "restarted")


def test_a_bmc_that_dies_is_told_in_one_clear_line_and_in_time(bench: Bench) -> None:
    with bench.open(patience=replace(BRISK, again=15)) as console:
        bench.serial.shows(b"last words")
        lines = read_to(console, "last words")
        bench.sim.__exit__()
        began = time.monotonic()
        with pytest.raises(ConsoleError) as lost:
            while True:
                lines += console.read(5.0)
        seconds = time.monotonic() - began
    assert lost.value.kind == "lost"
    assert "and for good" in str(lost.value)
    assert "\n" not in str(lost.value)
    assert [line.text for line in lines if not line.note] == ["last words"]
    assert sum(line.note for line in lines) == 1
    assert seconds < LATER  # 3 s of silence, 15 s of attempts, and what the last one took
    assert workers() == set()


def test_where_nothing_listens_that_is_said(bench: Bench) -> None:
    port = free_udp_port()
    error = bench.refused(port=port)
    assert error.kind == "refused"
    assert f"nothing listens at SOL of {ADDRESS}:{port}" in str(error)


def test_a_bmc_without_a_serial_line_is_told(tmp_path: Path) -> None:
    with IpmiSim(tmp_path / "sim") as sim:
        error = Bench(sim, Serial()).refused()
    assert error.kind == "unsupported"
    assert "is it switched on in the BMC" in str(error)


def test_a_worker_that_is_killed_is_replaced(bench: Bench) -> None:
    with bench.open() as console:
        [worker] = workers()
        os.kill(worker, signal.SIGKILL)
        read_to(console, "taken up again")
        bench.serial.shows(b"go on\n")
        read_to(console, "go on")


def test_the_password_is_nowhere_to_be_seen(bench: Bench) -> None:
    os.environ["IPMI_PASSWORD"] = CANARY
    try:
        with bench.open() as console:
            seen = {(pid, what) for pid in workers() for what in ("cmdline", "environ") if holds(pid, what)}
            assert workers()
            assert CANARY not in repr(vars(console)) + console.where
    finally:
        del os.environ["IPMI_PASSWORD"]
    assert seen == set()


@dataclass(frozen=True)
class Operator:
    """Runs `kdumpcheck console` without a terminal."""

    home: Path

    def start(self, bmc: str, *words: str) -> subprocess.Popen[str]:
        password, inventory = self.home / "password", self.home / "inventory.yaml"
        password.write_text(f"{CANARY}\n")
        password.chmod(0o600)
        node = {"bmc": bmc, "bmc_user": USER, "bmc_password_file": "password"}
        inventory.write_text(json.dumps({"kdumpcheck-inventory": 1, "nodes": {"ncn-m001": node}}))
        own = {name: value for name, value in os.environ.items() if name not in ("USERNAME", "IPMI_PASSWORD")}
        return subprocess.Popen(
            [sys.executable, "-m", "kdumpcheck.cli", "console", "ncn-m001", "--inventory", str(inventory), *words],
            env=own,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def test_a_person_follows_a_console_and_ends_it_with_ctrl_c(bench: Bench, tmp_path: Path) -> None:
    with Operator(tmp_path).start(bench.sim.bmc) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ncn-m001: SOL of {bench.sim.bmc}\n"
        bench.serial.shows(b"\x1b]0;evil\x07\x1b[2Jhello \x9b31m\x00\r\n")
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=LATER)
    assert (process.returncode, out, err) == (0, "", "")
    assert line.endswith("  hello \\x9b31m\\x00\n")
    assert len(line.split()[0]) == len("12:34:56")
    bench.open().close()  # it is left to others


def test_a_person_follows_a_console_for_a_time(bench: Bench, tmp_path: Path) -> None:
    with Operator(tmp_path).start(bench.sim.bmc, "--seconds", "1") as process:
        _, err = process.communicate(timeout=LATER)
    assert (process.returncode, err) == (0, "")
    with Operator(tmp_path).start(bench.sim.bmc, "--seconds", "1000") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LATER)
    assert (process.returncode, err) == (2, "kdumpcheck console: interrupted\n")


def test_a_console_that_cannot_be_had_is_one_line(bench: Bench, tmp_path: Path) -> None:
    with Operator(tmp_path).start(bench.sim.bmc, "--user", "nobody") as process:
        out, err = process.communicate(timeout=LATER)
    assert (process.returncode, out, err.count("\n")) == (1, "", 1)
    assert "refused user nobody or the password" in err
    assert CANARY not in out + err
