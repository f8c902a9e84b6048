# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import io
import socket
from pathlib import Path

import pytest

from kdumpcheck.cli import main

PRESSED = "pressed"


class Terminal(io.StringIO):
    """Somebody who types one line."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose power is a program that writes down what it was told; its directory."""
    program = tmp_path / "tool"
    program.write_text(f'#!/bin/sh\necho "$1" >>"{tmp_path}/{PRESSED}"\necho on\n')
    program.chmod(0o755)
    (tmp_path / "inventory.yaml").write_text("kdumpcheck-inventory: 1\nnodes:\n  ncn-w[001-002]: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KDUMPCHECK_INVENTORY", raising=False)
    monkeypatch.setenv("IPMI_PASSWORD", "secret")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    return tmp_path


def power(site: Path, *words: str) -> int:
    return main(["power", *words, "--command", f"{site}/tool {{action}}"])


def pressed(site: Path) -> list[str]:
    file = site / PRESSED
    return file.read_text().split() if file.exists() else []


def test_status_and_on_ask_nothing(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert power(site, "ncn-w001", "status") == 0
    assert "ncn-w001: power is on" in capsys.readouterr().out
    assert power(site, "ncn-w001", "on") == 0
    assert pressed(site) == ["status", "on"]


@pytest.mark.parametrize("action", ["off", "cycle", "reset", "nmi"])
def test_what_a_node_does_not_survive_is_confirmed(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    assert power(site, "ncn-w001", action) == 4
    assert "add --yes" in capsys.readouterr().err
    for typed in ("", "\n", "n\n", "ncn\n"):
        monkeypatch.setattr("sys.stdin", Terminal(typed))
        assert power(site, "ncn-w001", action) == 4
        seen = capsys.readouterr()
        assert "ncn-w001 (the program tool)? What it has not written" in seen.out
        assert "not confirmed; nothing was sent" in seen.err
    assert pressed(site) == []
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert power(site, "ncn-w001", action) == 0
    assert power(site, "ncn-w001", action, "--yes") == 0
    assert pressed(site) == [action, action]


def test_the_machine_we_run_on_is_never_pressed(
    site: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "ncn-w001.local")
    for action in ("on", "off", "cycle", "reset", "nmi"):
        assert power(site, "ncn-w001", action, "--yes") == 4
        assert "ncn-w001 is this machine" in capsys.readouterr().err
    assert power(site, "ncn-w001", "status") == 0
    assert pressed(site) == ["status"]


def test_the_login_is_the_command_line_s_or_the_inventory_s(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("own", "named"):
        (site / name).write_text(f"{name}\n")
        (site / name).chmod(0o600)
    own = "{bmc_user: siteadmin, bmc_password_file: own}"
    (site / "inventory.yaml").write_text(f"kdumpcheck-inventory: 1\nnodes: {{ncn-m001: {own}, ncn-w001: }}\n")
    (site / "tool").write_text('#!/bin/sh\necho "$USERNAME $IPMI_PASSWORD" >&2\nexit 1\n')
    told = []
    for words in ((), ("--user", "me"), ("--password-file", "named"), ("--user", "me", "--password-file", "named")):
        assert power(site, "ncn-m001", "status", *words) == 1
        told.append(capsys.readouterr().err.strip().rpartition(": ")[2])
    # The password itself is not repeated.
    assert told == ["siteadmin ...", "me ...", "siteadmin ...", "me ..."]
    (site / "named").chmod(0o644)
    assert power(site, "ncn-m001", "status", "--password-file", "named") == 4
    assert power(site, "ncn-m001", "status") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ncn-w[001-002]", "reset", "--yes"), "one node at a time"),
        (("ncn-w009", "reset", "--yes"), "ncn-w009"),
        (("ncn-w001", "reset", "--yes", "--timeout", "1"), "give 2 to 3600 seconds"),
        (("ncn-w001", "reset", "--yes", "--timeout", "nan"), "give 2 to 3600 seconds"),
        (("ncn-w001", "reset", "--yes", "--inventory", "none.yaml"), "none.yaml"),
        (("ncn-w001", "reset", "--yes", "--password-file", "none"), "none"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    site: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert power(site, *words) == 4
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert pressed(site) == []


def test_help_says_how_to_reach_the_lab(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["power", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "--password-file" in told
    assert "lab" in told
