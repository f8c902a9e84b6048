# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from kdumpcheck.cli import main
from kdumpcheck.power.console import Line
from kdumpcheck.power.console_cli import shown


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site whose console server is a program that shows a node's name, and ends."""
    program = tmp_path / "conman"
    program.write_text('#!/bin/sh\nprintf "console of %s\\n\\033[2J\\007" "$1"\nexit 5\n')
    program.chmod(0o755)
    (tmp_path / "inventory.yaml").write_text("kdumpcheck-inventory: 1\nnodes:\n  ncn-w[001-002]: {}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KDUMPCHECK_INVENTORY", raising=False)
    monkeypatch.delenv("IPMI_PASSWORD", raising=False)
    return tmp_path


def console(site: Path, *words: str) -> int:
    return main(["console", *words, "--console", f"command:{site}/conman {{node}}"])


def test_lines_are_printed_with_times_until_the_console_ends(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert console(site, "ncn-w001") == 1
    seen = capsys.readouterr()
    first, *lines = seen.out.splitlines()
    assert first == "ncn-w001: the program conman"
    assert re.fullmatch(r"\d\d:\d\d:\d\d  console of ncn-w001", lines[0])
    assert all(char.isprintable() or char == "\n" for char in seen.out)
    assert re.fullmatch(r"kdumpcheck console: ncn-w001: the program conman has ended with status 5.*\n", seen.err)


def test_a_line_has_the_time_of_day_and_our_own_words_a_mark() -> None:
    now = time.monotonic()
    before = time.time() - 3600
    said = shown(Line(now - 3600, "text"))
    # A minute may end between the two looks at the clock.
    moments = (before, time.time() - 3600)
    assert said[:5] in {time.strftime("%H:%M", time.localtime(moment)) for moment in moments}
    assert shown(Line(now, "text")).endswith("  text")
    assert shown(Line(now, "lost", note=True)).endswith("  -- lost")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ncn-w[001-002]",), "one node at a time"),
        (("ncn-w009",), "ncn-w009"),
        (("ncn-w001", "--seconds", "0"), "give more than 0"),
        (("ncn-w001", "--seconds", "nan"), "give more than 0"),
        (("ncn-w001", "--inventory", "none.yaml"), "none.yaml"),
        (("ncn-w001", "--password-file", "x", "--ask-password"), "give one of them"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    site: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert console(site, *words) == 4
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_a_way_that_cannot_be_gone_is_a_mistake_of_usage(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for way in ("telnet", "file:none", "command:/no/such/program"):
        assert main(["console", "ncn-w001", "--console", way]) == 4
        assert capsys.readouterr().err.count("\n") == 1


def test_a_password_that_cannot_be_had_is_one_line(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["console", "ncn-w001", "--password-file", "none"]) == 4
    assert capsys.readouterr().err == "kdumpcheck console: password file none: No such file or directory\n"
