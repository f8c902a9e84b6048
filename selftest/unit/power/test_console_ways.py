# SPDX-License-Identifier: Apache-2.0
"""A console out of a file, and out of a program."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.nodes import Node
from kdumpcheck.power import Console, ConsoleError, Line, Login, Ways, open_console
from kdumpcheck.transport import Secret, SecretError

CANARY = "kanarienvogel-7f3"
LOGIN = Login("root", Secret(lambda: CANARY))
LONG = 60.0


def opened(way: str, node: str = "ncn-w001") -> Console:
    return open_console(Node(node, bmc="10.1.1.1:9"), Ways(LOGIN, console=way))


def refused(way: str) -> ConsoleError:
    with pytest.raises(ConsoleError) as error:
        opened(way)
    assert "\n" not in str(error.value)
    assert error.value.kind == "config"
    return error.value


def read_to(console: Console, text: str) -> list[Line]:
    """What comes up to a line with this text."""
    lines: list[Line] = []
    end = time.monotonic() + LONG
    while not any(text in line.text for line in lines):
        assert time.monotonic() < end, f"{text} has not come, but {lines}"
        lines += console.read(1.0)
    return lines


def until(true: Callable[[], bool], why: str) -> None:
    end = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < end, why
        time.sleep(0.02)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(data)


def test_a_file_is_followed_from_its_end_on(tmp_path: Path) -> None:
    path = tmp_path / "console.ncn-w001"
    path.write_bytes(b"yesterday\n")
    with opened(f"file:{tmp_path}/console.{{node}}") as console:
        assert console.where == f"the file {path}"
        assert console.read(0.3) == []
        append(path, b"one\nha")
        append(path, b"lf\n")
        assert [line.text for line in read_to(console, "half")] == ["one", "half"]


def test_a_file_that_is_moved_away_is_read_to_its_end_and_then_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"")
    with opened(f"file:{path}") as console:
        path.rename(tmp_path / "log.1")
        append(tmp_path / "log.1", b"the old one's last\n")
        assert [line.text for line in read_to(console, "last")] == ["the old one's last"]
        path.write_bytes(b"the new one's first\n")
        lines = read_to(console, "first")
    assert [line.text for line in lines if line.note] == [
        f"the file {path} was made anew, and is read from its beginning"
    ]
    assert [line.text for line in lines if not line.note] == ["the new one's first"]


def test_a_file_that_is_cut_short_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * 1000)
    with opened(f"file:{path}") as console:
        os.truncate(path, 0)
        read_to(console, "was cut short")
        append(path, b"again\n")
        assert [line.text for line in read_to(console, "again")] == ["again"]


def test_a_file_that_cannot_be_followed_is_a_clear_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name, why in (("none", "No such file"), ("pipe", "not a regular file"), ("", "not a regular file")):
        error = refused(f"file:{tmp_path / name}")
        assert why in str(error)
        assert "name the one its console is written to" in str(error)


class Program:
    """A site's program, which writes down its number."""

    def __init__(self, root: Path, body: str) -> None:
        self.path = root / "show console"
        self.pid = root / "pid"
        self.path.write_text(f'#!/bin/sh\necho $$ >"{self.pid}"\n{body}\n')
        self.path.chmod(0o755)

    def open(self, words: str = "") -> Console:
        return opened(f"command:'{self.path}' {words}")

    def is_there(self) -> bool:
        return Path(f"/proc/{int(self.pid.read_text())}").exists()


def test_a_program_s_lines_are_read_and_it_gets_its_words_without_a_shell(tmp_path: Path) -> None:
    program = Program(tmp_path, 'printf "%s|" "$@"; echo; exec sleep 1000')
    with program.open("-j {node} '{bmc};id' $HOME") as console:
        assert console.where == "the program show console"
        assert [line.text for line in read_to(console, "-j")] == ["-j|ncn-w001|10.1.1.1:9;id|$HOME|"]


def test_a_program_has_a_terminal_which_is_not_ours_and_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IPMI_PASSWORD", CANARY)
    body = (
        "test -t 0 && test -t 1 && test -t 2 && echo terminal; (: </dev/tty) || echo none; env | sort; exec sleep 1000"
    )
    with Program(tmp_path, body).open() as console:
        told = "\n".join(line.text for line in read_to(console, "PATH="))
        pid = int((tmp_path / "pid").read_text())
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    assert told.startswith("terminal\n")
    assert "\nnone\n" in told
    assert CANARY not in told
    assert CANARY.encode() not in environ


@pytest.mark.parametrize("trap", ["", "trap 'exit 0' TERM", "trap '' TERM HUP"])
def test_a_program_ends_with_its_console_and_so_does_what_it_started(tmp_path: Path, trap: str) -> None:
    body = f'{trap}\nsleep 1000 & echo "$!" >"{tmp_path}/child"; echo ready; while :; do wait; sleep 1; done'
    program = Program(tmp_path, body)
    with program.open() as console:
        read_to(console, "ready")
        assert program.is_there()
    until(lambda: not program.is_there(), "the program ends")
    child = Path(f"/proc/{int((tmp_path / 'child').read_text())}/stat")
    until(lambda: not child.exists() or child.read_text().rpartition(")")[2].split()[0] == "Z", "its child ends")


def test_a_program_that_ends_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    with Program(tmp_path, "echo hello; printf '\\033[31mno such console' >&2; exit 3").open() as console:
        read_to(console, "no such console")
        with pytest.raises(ConsoleError, match="ended with status 3: no such console; run it by hand") as ended:
            console.read(LONG)
    assert ended.value.kind == "ended"
    assert "\x1b" not in str(ended.value)


def test_a_program_that_floods_stays_bounded_and_can_be_closed(tmp_path: Path) -> None:
    program = Program(tmp_path, "exec yes 0123456789012345678901234567890123456789")
    with program.open() as console:
        first = console.read(LONG)
        until(lambda: console._waiting > 1_000_000, "it floods")  # type: ignore[attr-defined]
    assert {line.text for line in first if not line.note} == {"0123456789" * 4}
    until(lambda: not program.is_there(), "the program ends")


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("telnet", "there are sol, file:PATH or command:WORDS"),
        ("sol:x", "there are sol, file:PATH or command:WORDS"),
        ("file:", "there are sol, file:PATH or command:WORDS"),
        ("command:", "there are sol, file:PATH or command:WORDS"),
        ("command: ", "it is empty"),
        ("command:'x", "No closing quotation"),
        ("command:/no/such/program", "cannot be run: No such file"),
        ("command:/etc", "cannot be run: Permission denied"),
    ],
)
def test_a_way_that_cannot_be_gone_is_a_mistake_of_usage(way: str, said: str) -> None:
    assert said in str(refused(way))


def test_the_way_is_the_operator_s_or_the_inventory_s(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    node = Node("n", console=f"file:{tmp_path}/log")
    with open_console(node, Ways(LOGIN)) as console:
        assert console.where == f"the file {tmp_path}/log"
    with open_console(node, Ways(LOGIN, console="command:sleep 1000")) as console:
        assert console.where == "the program sleep"


def test_what_the_bmc_needs_is_asked_for_before_anything_is_started() -> None:
    def none() -> str:
        raise SecretError("no password")

    with pytest.raises(SecretError):
        open_console(Node("n"), Ways(Login("root", Secret(none))))
    with pytest.raises(ConsoleError, match="at most 20 bytes"):
        open_console(Node("n"), Ways(Login("root", Secret(lambda: "p" * 21))))


def test_a_file_for_the_bytes_that_cannot_be_made_is_said_and_the_program_ended(tmp_path: Path) -> None:
    program = Program(tmp_path, "exec sleep 1000")
    with pytest.raises(ConsoleError, match="cannot be written"):
        open_console(Node("n"), Ways(LOGIN, console=f"command:'{program.path}'"), keep=tmp_path / "none" / "file")
    assert not program.pid.exists() or not program.is_there()
