# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from kdumpcheck.lab import command
from kdumpcheck.lab.addresses import SSH_PORT
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.faults import FAULTS
from kdumpcheck.lab.image import DIALECTS
from kdumpcheck.lab.lab import DEFAULT_NODES, Lab
from kdumpcheck.lab.qemu import Boot, Hardware
from kdumpcheck.lab.record import NodeRecord, VmBody


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "state" / "kdumpcheck" / "lab"


def lab(*words: str) -> int:
    parser = argparse.ArgumentParser(prog="kdumpcheck")
    command.add_parser(parser.add_subparsers(required=True))
    args = parser.parse_args(["lab", *words])
    return int(args.run(args))


@pytest.fixture
def ups(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What `lab up` would bring up."""
    calls: list[tuple[object, ...]] = []

    def up(_self: Lab, vms: object, containers: object, *, dialect: str | None, cold: bool, fresh: bool) -> list[str]:
        calls.append((vms, containers, dialect, cold, fresh))
        return []

    monkeypatch.setattr(Lab, "up", up)
    return calls


@pytest.mark.parametrize(
    ("words", "vms", "containers"),
    [
        ((), DEFAULT_NODES, ()),
        (("ncn-w[001-002]", "ncn-m001"), ("ncn-m001", "ncn-w001", "ncn-w002"), ()),
        (("--containers", "2"), (), ("ncn-w101", "ncn-w102")),
        (("--containers", "ncn-s[1-2]"), (), ("ncn-s1", "ncn-s2")),
        (("ncn-m001", "--containers", "1"), ("ncn-m001",), ("ncn-w101",)),
    ],
)
def test_which_nodes_come_up(
    ups: list[tuple[object, ...]], words: tuple[str, ...], vms: tuple[str, ...], containers: tuple[str, ...]
) -> None:
    assert lab("up", *words) == 0
    assert ups == [(vms, containers, None, False, False)]


def test_how_they_come_up(ups: list[tuple[object, ...]]) -> None:
    assert lab("up", "--cold", "--fresh") == 0
    assert ups[0][2:] == (None, True, True)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_dialect_is_the_operators_choice(ups: list[tuple[object, ...]], dialect: str) -> None:
    assert lab("up", "ncn-w001", "--dialect", dialect) == 0
    assert ups == [(("ncn-w001",), (), dialect, False, False)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("up", "--containers", "0"), "give 1 to 99"),
        (("up", "--containers", "100"), "give 1 to 99"),
        (("up", "--containers", "ncn-w[1"), "bracket"),
        (("up", "ncn m001"), "blanks"),
        (("up", "-x"), None),
        (("up", "--dialect", "sles"), "no such dialect; the lab knows suse_legacy, suse, kdump_tools"),
        (("up", "--dialect", "suse", "--containers", "2"), "suse_legacy only"),
        (("break",), "NODE FAULT"),
        (("break", "ncn-m001"), "NODE FAULT"),
    ],
)
def test_a_mistake_of_usage_is_one_line_and_exit_4(
    ups: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str | None
) -> None:
    if says is None:  # argparse's own: the command's face gives it exit 4
        with pytest.raises(SystemExit):
            lab(*words)
        return
    assert lab(*words) == 4
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert says in told[0]
    assert ups == []


@pytest.mark.parametrize("words", [("status",), ("ssh", "ncn-m001"), ("console", "ncn-m001"), ("heal", "ncn-m001")])
def test_without_a_lab_the_way_to_start_one_is_told(
    state: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert lab(*words) == 1
    assert capsys.readouterr().err == "kdumpcheck lab: no lab is up; start one with `kdumpcheck lab up`\n"
    assert not state.exists()


def test_down_without_a_lab_is_no_error(state: Path) -> None:
    assert lab("down") == 0
    assert not state.exists()


def test_the_list_of_faults_tells_all_of_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert lab("break", "--list") == 0
    listed = capsys.readouterr().out
    for fault in FAULTS.values():
        assert fault.id in listed
        assert fault.effect in listed
        assert fault.undo in listed


@pytest.mark.parametrize(("raised", "code"), [(LabError("it\nis"), 1), (KeyboardInterrupt(), 2)])
def test_a_failure_is_one_line_and_never_a_traceback(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], raised: BaseException, code: int
) -> None:
    def up(*_args: object, **_options: object) -> list[str]:
        raise raised

    monkeypatch.setattr(Lab, "up", up)
    monkeypatch.setattr("kdumpcheck.lab.command.Deadline", type("D", (), {"interrupted": _Event()}))
    assert lab("up") == code
    assert len(capsys.readouterr().err.splitlines()) == 1


class _Event:
    def set(self) -> None:
        pass


def test_a_node_that_failed_makes_the_command_fail(
    state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Lab, "up", lambda *_args, **_options: ["ncn-m001: SSH answers: not within 420 s"])
    assert lab("up") == 1
    assert "ncn-m001: SSH answers" in capsys.readouterr().err


@pytest.fixture
def node(state: Path) -> NodeRecord:
    hardware = Hardware(machine="q35", cpu="c", memory_mib=1, accel="tcg", guest_address="10.0.2.15")
    boot = Boot(kernel="k", initrd="i", squashfs_disk="s", disks=())
    record = NodeRecord(
        name="ncn-m001",
        index=1,
        address="127.0.3.1",
        bmc="127.0.4.1",
        cmdline="",
        faults=("initrd-stale",),
        body=VmBody(hardware=hardware, boot=boot),
    )
    record.save(state / "nodes" / record.name)
    return record


def test_status_shows_each_node_with_its_faults(node: NodeRecord, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab("status") == 0
    shown = capsys.readouterr().out
    row = next(line for line in shown.splitlines() if line.startswith("ncn-m001"))
    assert row.split() == [
        "ncn-m001",
        "vm",
        "(tcg)",
        "suse_legacy",
        "off",
        f"127.0.3.1:{SSH_PORT}",
        "127.0.4.1",
        "initrd-stale",
    ]
    assert "inventory.yaml" in shown
    assert "container" not in shown


def test_a_node_does_not_change_its_dialect(
    node: NodeRecord, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("kdumpcheck.lab.lab.build", lambda *_: pytest.fail("nothing may be built"))
    assert lab("up", "ncn-m001", "--dialect", "suse") == 1
    assert "it is a node of suse_legacy in this lab already" in capsys.readouterr().err


def test_a_node_the_lab_has_not_is_told_with_those_it_has(node: NodeRecord, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab("ssh", "ncn-w9") == 1
    assert capsys.readouterr().err == "kdumpcheck lab: the lab has no node 'ncn-w9'; it has ncn-m001\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("break", "ncn-m001", "initrd-stale"), "is off"),
        (("break", "ncn-m001", "initrd-stail"), "did you mean initrd-stale"),
        (("heal", "ncn-m001"), "is off"),
        (("heal", "ncn-m001", "x", "--restore"), "leave out which"),
        (("console", "ncn-w9"), "has no node"),
    ],
)
def test_what_cannot_be_done_to_a_node_is_told(
    node: NodeRecord, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], says: str
) -> None:
    assert lab(*words) in (1, 4)
    assert says in capsys.readouterr().err


def test_ssh_becomes_openssh_with_the_labs_own_settings(
    node: NodeRecord, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def become(program: str, argv: list[str]) -> None:
        assert program == "ssh"
        raise SystemExit(argv)

    monkeypatch.setattr("os.execvp", become)
    with pytest.raises(SystemExit) as became:
        lab("ssh", "ncn-m001", "uname", "-r")
    assert became.value.args[0] == ["ssh", "-F", str(state / "ssh_config"), "ncn-m001", "uname", "-r"]
