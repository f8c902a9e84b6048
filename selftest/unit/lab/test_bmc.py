# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from kdumpcheck.lab import chassis
from kdumpcheck.lab.bmc import Bmcs
from kdumpcheck.lab.bmc_config import Bmc, emulator_commands, lan_config
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.process import Process
from kdumpcheck.lab.record import ContainerBody, NodeRecord
from kdumpcheck.lab.state import StateDir

NODE = NodeRecord(
    name="ncn-w101",
    index=1,
    address="127.0.3.1",
    bmc="127.0.4.1",
    cmdline="",
    body=ContainerBody(squashfs="s", upper="u", work="w", kernel_release="r", kdump_initrd="k"),
)


def bmc(index: int, console: str | None = None, chassis: tuple[str, ...] = ("prog", "dir")) -> Bmc:
    return Bmc(index=index, address=f"127.0.4.{index}", port=623, console=console, chassis=chassis)


def test_each_bmc_is_a_controller_of_its_own() -> None:
    bmcs = [bmc(1), bmc(2), bmc(200)]
    lan, commands = lan_config(bmcs, "root", "pw"), emulator_commands(bmcs)
    assert re.findall(r"set_working_mc (\S+)", lan) == ["0x20", "0x21", "0xe7"]
    assert re.findall(r"mc_enable (\S+)", commands) == ["0x20", "0x21", "0xe7"]
    assert re.findall(r"addr (\S+ \d+)", lan) == ["127.0.4.1 623", "127.0.4.2 623", "127.0.4.200 623"]
    assert len(set(re.findall(r"guid (\S+)", lan))) == 3
    assert all(len(guid) == 32 for guid in re.findall(r"guid (\S+)", lan))


def test_every_number_is_in_the_only_form_ipmi_sim_takes() -> None:
    for command in emulator_commands([bmc(1)]).splitlines():
        assert re.fullmatch(r"\w+ 0x[0-9a-f]+( (0x[0-9a-f]+|[0-9]+|no-device-sdrs))*", command)


def test_only_a_node_with_a_serial_line_has_one_over_lan() -> None:
    assert 'sol "tcp:127.0.3.1:2323"' in lan_config([bmc(1, console="127.0.3.1:2323")], "root", "pw")
    assert "sol" not in lan_config([bmc(1)], "root", "pw")


def test_a_directory_with_blanks_and_quotes_reaches_the_power_button_whole() -> None:
    words = ("python", "-m", "chassis", """/a "b" c\\d/it's""")
    lan = lan_config([bmc(1, chassis=words)], "root", "pw")
    quoted = re.search(r'chassis_control "(.*)"\n', lan)
    assert quoted
    unquoted = re.sub(r"\\(.)", r"\1", quoted[1])  # as ipmi_sim reads a C string
    assert tuple(shlex.split(unquoted)) == words


def test_the_password_is_random_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        state = StateDir(tmp_path / name)
        state.create()
        password = Bmcs(state)._password()
        assert Bmcs(state)._password() == password
        assert state.bmc_password.stat().st_mode & 0o777 == 0o600
        assert len(password) == 16  # more than IPMI 1.5 takes would be cut off by some clients
        passwords.add(password)
    assert len(passwords) == 2


def test_no_password_is_on_a_command_line(tmp_path: Path) -> None:
    state = StateDir(tmp_path)
    argv = Bmcs(state).ipmitool("127.0.4.1", "power", "status")
    assert Bmcs(state)._password() not in " ".join(argv)
    assert str(state.bmc_password) in argv


class Machine:
    def __init__(self) -> None:
        self.on = True
        self.calls: list[str] = []

    def is_on(self) -> bool:
        return self.on

    def __getattr__(self, name: str) -> object:
        return lambda: self.calls.append(name)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(chassis, "open_machine", lambda _directory, lab: made)
    return made


def press(tmp_path: Path, *words: str) -> int:
    return chassis.main([str(tmp_path / "nodes" / "ncn-m001"), *words])


@pytest.mark.parametrize(
    ("words", "call"),
    [
        (("set", "power", "0"), "power_off"),
        (("set", "power", "1"), "power_on"),
        (("set", "reset", "1"), "reset"),
        (("set", "shutdown", "1"), "shut_down"),
    ],
)
def test_the_bmc_presses_the_right_button(machine: Machine, tmp_path: Path, words: list[str], call: str) -> None:
    assert press(tmp_path, *words) == 0
    assert machine.calls == [call]


@pytest.mark.parametrize("on", [True, False])
def test_the_bmc_reads_the_power_state(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str], on: bool
) -> None:
    machine.on = on
    assert press(tmp_path, "get", "power") == 0
    assert capsys.readouterr().out == f"power:{int(on)}\n"


@pytest.mark.parametrize("words", [("set", "fan", "1"), ("get", "fan"), ("set", "power"), ()])
def test_what_a_lab_bmc_cannot_do_is_one_line_and_changes_nothing(
    machine: Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert press(tmp_path, *words) == 1
    assert machine.calls == []
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_node_that_is_gone_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert press(tmp_path, "get", "power") == 1
    assert "no such node" in capsys.readouterr().err


def test_a_busy_node_is_told(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_directory: Path) -> None:
        raise LabError("busy")

    monkeypatch.setattr(chassis, "alone", busy)
    assert press(tmp_path, "set", "power", "0") == 1
    assert machine.calls == []


@pytest.mark.parametrize("on", [True, False])
def test_the_power_button_as_ipmi_sim_runs_it(tmp_path: Path, on: bool) -> None:
    directory = tmp_path / "a lab" / "nodes" / "ncn-w101"
    NODE.save(directory)
    me = Process.of(os.getpid())
    assert me is not None
    Process(me.pid, me.started if on else me.started - 1).save(directory)
    bmcs = Bmcs(StateDir(tmp_path / "a lab"))
    argv = [*bmcs._bmc(NODE).chassis, "get", "power"]
    done = subprocess.run(argv, capture_output=True, text=True, cwd="/", env={}, timeout=600, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"power:{int(on)}\n", "", 0)
