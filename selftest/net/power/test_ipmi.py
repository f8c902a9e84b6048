# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck power` against a real ipmi_sim."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from selftest.net.faults import GRACE, LATER, until
from selftest.net.power.conftest import NODE, Operator
from selftest.net.power.ipmi_sim import ADDRESS, CANARY, IpmiSim, Relay, free_udp_port


def test_each_action_is_really_done_once(power: Operator, bmc: IpmiSim) -> None:
    before = len(bmc.pressed())
    assert power(bmc.bmc, "on").status == 0
    assert f"{NODE}: power is on (ipmi {bmc.bmc}, " in power(bmc.bmc, "status").out
    assert power(bmc.bmc, "off", "--yes").status == 0
    assert not bmc.is_on()
    assert "power is off" in power(bmc.bmc, "status").out
    assert power(bmc.bmc, "on").status == 0
    assert bmc.is_on()
    assert power(bmc.bmc, "reset", "--yes").status == 0
    assert power(bmc.bmc, "cycle", "--yes").status == 0
    until(lambda: len(bmc.pressed()) >= before + 6, "the emulator switches on again after a second")
    assert bmc.pressed()[before:] == ["power 1", "power 0", "power 1", "reset 1", "power 0", "power 1"]


def test_an_nmi_that_the_bmc_does_not_know_is_said_to_be_unknown(power: Operator, bmc: IpmiSim) -> None:
    done = power(bmc.bmc, "nmi", "--yes")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "does not know this action" in done.err


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [
        ("root", "wrong", "refused user root or the password (Incorrect password"),
        ("nobody", CANARY, "does not know this user, or has locked it"),
        ("locked", CANARY, "does not know this user, or has locked it"),
        ("root", "x" * 21, "at most 20 bytes"),
        ("seventeen-letters", CANARY, "at most 16 bytes"),
    ],
)
def test_who_is_not_let_in_is_told_in_one_line(
    power: Operator, bmc: IpmiSim, user: str, password: str, said: str
) -> None:
    before = bmc.pressed()
    done = power(bmc.bmc, "reset", "--yes", "--user", user, password=password)
    assert done.status == (4 if "bytes" in said else 1)
    assert said in done.err
    assert done.err.count("\n") == 1
    assert bmc.pressed() == before


def test_a_closed_port_is_told_from_a_silent_bmc(power: Operator) -> None:
    done = power(f"{ADDRESS}:{free_udp_port()}", "reset", "--yes")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "nothing listens at" in done.err


def test_a_silent_bmc_ends_with_the_time_given(power: Operator, bmc: IpmiSim) -> None:
    before = bmc.pressed()
    with Relay(bmc.port, 0) as relay:
        relay.cut = True
        done = power(f"{ADDRESS}:{relay.port}", "reset", "--yes", "--timeout", "4")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "has not answered within 4 s: nothing was changed" in done.err
    assert done.seconds < 4 + GRACE
    assert bmc.pressed() == before


def test_an_unknown_name_is_said_to_be_one(power: Operator) -> None:
    done = power("no-such-bmc.invalid", "status")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "no address is known" in done.err


@pytest.mark.parametrize("seconds", [1, 3, 6])
def test_a_slow_chassis_is_reset_exactly_once(
    power: Operator, slow: Callable[[float], IpmiSim], seconds: float
) -> None:
    sim = slow(seconds)
    assert power(sim.bmc, "reset", "--yes").status == 0
    time.sleep(seconds + 1)  # one that was sent again would come now
    assert sim.pressed() == ["reset 1"]


@pytest.mark.parametrize("seconds", [1, 3, 6])
def test_a_bmc_that_is_slow_in_everything_is_reset_exactly_once(
    power: Operator, slow: Callable[[float], IpmiSim], seconds: float
) -> None:
    sim = slow(0)
    with Relay(sim.port, seconds / 2) as relay:
        done = power(f"{ADDRESS}:{relay.port}", "reset", "--yes")
        assert (done.status, done.err) == (0, "")
        time.sleep(seconds)  # what is still on its way
    assert sim.pressed() == ["reset 1"]


def test_a_reset_that_nobody_confirmed_is_called_that_and_is_not_sent_again(
    power: Operator, slow: Callable[[float], IpmiSim]
) -> None:
    sim = slow(15)  # ten seconds for the login, and its chassis takes longer than all of them
    done = power(sim.bmc, "reset", "--yes", "--timeout", "10")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "it may have been done: look before you try again" in done.err
    time.sleep(16)  # until it is done, and a little longer: one that was sent again would come now
    assert sim.pressed() == ["reset 1"]


def test_an_interrupted_press_says_whether_it_had_been_sent(
    power: Operator, slow: Callable[[float], IpmiSim], tmp_path: Path
) -> None:
    sim = slow(LATER)
    environ = {"IPMI_PASSWORD": CANARY}
    with power.start(sim.bmc, "reset", "--yes", environ=environ) as process:
        until(lambda: sim.pressed() == ["reset 1"], "the reset arrives")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=LATER)
    assert (process.returncode, err.count("\n")) == (2, 1)
    assert "it had been sent already, and may have been done" in err


def test_the_password_is_in_no_command_line_and_in_no_environment_but_the_operator_s(
    power: Operator, slow: Callable[[float], IpmiSim]
) -> None:
    sim = slow(10)
    with power.start(sim.bmc, "reset", "--yes", environ={"IPMI_PASSWORD": CANARY}) as process:
        until(lambda: sim.pressed() == ["reset 1"], "the reset arrives")
        holders = {(pid, what) for pid in family(process.pid) for what in ("cmdline", "environ") if holds(pid, what)}
        children = family(process.pid) - {process.pid}
        out, err = process.communicate(timeout=LATER)
    assert children  # the errand runs in one
    assert holders == {(process.pid, "environ")}  # the operator put it there
    assert CANARY not in out + err
    assert process.returncode == 0


def family(pid: int) -> set[int]:
    """A process, and all that descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:  # ended meanwhile
            continue
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def holds(pid: int, what: str) -> bool:
    try:
        return CANARY.encode() in Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:  # ended meanwhile
        return False


def test_a_password_file_that_others_can_read_is_refused(power: Operator, bmc: IpmiSim, tmp_path: Path) -> None:
    file = tmp_path / "open"
    file.write_text(CANARY)
    file.chmod(0o640)
    done = power.bare(bmc.bmc, "status", "--password-file", str(file))
    assert (done.status, done.err.count("\n")) == (4, 1)
    assert "chmod 600" in done.err


def test_without_a_terminal_and_a_yes_nothing_is_sent(power: Operator, bmc: IpmiSim) -> None:
    before = bmc.pressed()
    done = power(bmc.bmc, "reset")
    assert (done.status, done.err.count("\n")) == (4, 1)
    assert "add --yes" in done.err
    assert bmc.pressed() == before


def test_the_worker_ends_with_the_command(power: Operator, slow: Callable[[float], IpmiSim]) -> None:
    sim = slow(LATER)
    with power.start(sim.bmc, "reset", "--yes", "--timeout", "15", environ={"IPMI_PASSWORD": CANARY}) as process:
        until(lambda: sim.pressed() == ["reset 1"], "the reset arrives")
        workers = family(process.pid) - {process.pid}
        process.communicate(timeout=LATER)
    assert workers
    until(lambda: not any(os.path.exists(f"/proc/{worker}") for worker in workers), "no worker is left")  # noqa: PTH110
