# SPDX-License-Identifier: Apache-2.0
"""The parent's side of a console over the LAN, with workers that stand in for the real one (selftest/net has that)."""

from __future__ import annotations

import textwrap
import time
from pathlib import Path

import pytest

from kdumpcheck.nodes import Node
from kdumpcheck.power import Console, ConsoleError, Line, Login, Ways, console_sol, open_console
from kdumpcheck.power.console_sol import Patience
from kdumpcheck.transport import Secret

LONG = 60.0
CANARY = "kanarienvogel-7f3"
LOGIN = Login("root", Secret(lambda: CANARY))
OPEN = "say(open=True, session=5)"
HURRIED = Patience(opening=30, silence=1, again=90, pause=0.05, losses=3)


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program that is run as the worker; what it does is the test's to write."""
    path = tmp_path / "worker.py"
    monkeypatch.setattr(console_sol, "WORKER", path)
    return path


def does(worker: Path, body: str) -> None:
    """Have the worker do this; `order` is what it was told, `say` says a word."""
    head = """\
    import base64, json, os, sys, time
    order = json.loads(sys.stdin.readline())
    def say(**said): print(json.dumps(said), flush=True)
    def shows(text): say(data=base64.b64encode(text).decode())
    """
    worker.write_text(textwrap.dedent(head) + textwrap.dedent(body))


def opened(bmc: str = "bmc") -> Console:
    return open_console(Node("ncn-w001", bmc=bmc), Ways(LOGIN), patience=HURRIED)


def read_to(console: Console, text: str) -> list[Line]:
    lines: list[Line] = []
    end = time.monotonic() + LONG
    while not any(text in line.text for line in lines):
        assert time.monotonic() < end, f"{text} has not come, but {lines}"
        lines += console.read(1.0)
    return lines


def test_the_worker_is_told_who_and_where_through_its_stdin(worker: Path) -> None:
    does(
        worker,
        f"{OPEN}; shows(repr((sys.argv, sorted(order.items()))).encode() + b'\\n'); sys.stdin.read()",
    )
    with opened("[fd00::1]:9623") as console:
        [line] = read_to(console, "fd00")
    login = {"host": "fd00::1", "port": 9623, "user": "root", "password": CANARY}
    order = {**login, "action": "listen", "mine": [], "silence": 1, "seconds": 30}
    assert line.text == repr(([str(worker)], sorted(order.items())))


@pytest.mark.parametrize("bmc", ["redfish://bmc:8443", "command://bmc:8443"])
def test_the_port_of_another_service_is_not_that_of_the_console(worker: Path, bmc: str) -> None:
    does(
        worker,
        f"{OPEN}; shows(b'%s %d\\n' % (order['host'].encode(), order['port'])); sys.stdin.read()",
    )
    with opened(bmc) as console:
        assert [line.text for line in read_to(console, "bmc")] == ["bmc 623"]


@pytest.mark.parametrize("kind", ["resolve", "refused", "silent", "auth", "locked", "taken", "unsupported", "protocol"])
def test_why_it_cannot_be_opened_is_one_line(worker: Path, kind: str) -> None:
    does(worker, f"say(error={kind!r}, text='why\\n\\x1b[31m')")
    with pytest.raises(ConsoleError) as error:
        opened()
    assert error.value.kind == kind
    assert str(error.value).startswith("ncn-w001: ")
    assert "SOL of bmc" in str(error.value)
    assert "\n" not in str(error.value)
    assert "\x1b" not in str(error.value)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "sys.exit(3)",
        "os.kill(os.getpid(), 9)",
        "say(error='no-such-kind')",
        "print('[' * 100_000)",
        "print('x\\n[]\\n7')",
    ],
)
def test_a_worker_that_makes_no_sense_is_no_console(worker: Path, body: str) -> None:
    does(worker, body)
    with pytest.raises(ConsoleError) as error:
        opened()
    assert error.value.kind == "protocol"
    assert "its worker ended with status" in str(error.value)


def test_a_word_without_an_end_is_not_kept(worker: Path) -> None:
    does(worker, f"{OPEN}; print('x' * 10_000_000); sys.stdin.read()")
    with opened() as console:
        assert "is lost" in read_to(console, "is lost")[0].text


def test_what_was_told_before_the_end_is_handed_out_first(worker: Path) -> None:
    does(
        worker,
        f"{OPEN}; shows(b'panic\\n'); say(note='from the worker'); say(error='lost', text='gone')",
    )
    with opened() as console:
        lines = read_to(console, "is lost: gone")
    assert [line.text for line in lines][:2] == ["panic", "from the worker"]
    assert [line.note for line in lines] == [False, True, True]


def test_a_lost_console_is_taken_up_by_a_worker_that_knows_what_was_ours(worker: Path, tmp_path: Path) -> None:
    does(
        worker,
        """
        rounds = len(order["mine"])
        say(open=True, session=100 + rounds)
        shows(b"%d %s\\n" % (rounds, repr(order["mine"]).encode()))
        if rounds < 2:
            say(error="lost", text="gone")
        else:
            sys.stdin.read()
        """,
    )
    with opened() as console:
        lines = read_to(console, "2 [")
    assert [line.text for line in lines if not line.note] == ["0 []", "1 [100]", "2 [100, 101]"]
    assert [line.text.split(" is ")[1].split()[0] for line in lines if line.note] == [
        "lost:",
        "taken",
        "lost:",
        "taken",
    ]


def test_a_console_that_is_lost_again_and_again_is_given_up(worker: Path) -> None:
    does(worker, f"{OPEN}; say(error='lost', text='gone')")
    with opened() as console, pytest.raises(ConsoleError, match="was lost 4 times: look at the BMC") as lost:
        while True:
            console.read(LONG)
    assert lost.value.kind == "lost"


def test_a_password_that_is_refused_is_not_tried_again(worker: Path, tmp_path: Path) -> None:
    does(
        worker,
        f"""
        with open({str(tmp_path / "tries")!r}, "a") as tries:
            tries.write("x")
        if order["mine"]:
            say(error="auth", text="")
        else:
            say(open=True, session=5)
            say(error="lost", text="gone")
        """,
    )
    with opened() as console, pytest.raises(ConsoleError, match=r"for good: .* refused user root or the password"):
        while True:
            console.read(LONG)
    assert (tmp_path / "tries").read_text() == "xx"


def test_a_worker_that_does_not_leave_is_killed(worker: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_sol, "_GOODBYE", 0.2)
    does(worker, f"{OPEN}; shows(b'%d\\n' % os.getpid()); time.sleep(1000)")
    with opened() as console:
        [line] = console.read(LONG)
    assert not Path(f"/proc/{int(line.text)}").exists()
