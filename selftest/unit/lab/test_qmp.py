# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.qmp import Qmp

GREETING = b'{"QMP": {"version": {}}}\n'
SILENCE = b"(silence)"
OK = b'{"return": {}}\n'


@contextmanager
def qemu(directory: Path, answers: list[bytes]) -> Iterator[list[str]]:
    """A QEMU that greets and then gives one of these answers to each request; the commands it was given."""
    directory.mkdir(parents=True, exist_ok=True)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    # The directory is deep, so the server, too, takes the short way.
    with short(directory) as place:
        server.bind(f"{place}/qmp.sock")
    server.listen(1)
    asked: list[str] = []

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.sendall(GREETING)
            requests = connection.makefile("rb")
            for answer in [OK, *answers]:
                asked.append(json.loads(next(requests))["execute"])
                connection.sendall(answer.removesuffix(SILENCE))
                if answer.endswith(SILENCE):
                    next(requests, None)  # until the client hangs up

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield asked
    server.close()
    thread.join(5.0)


@contextmanager
def short(directory: Path) -> Iterator[str]:
    descriptor = os.open(directory, os.O_RDONLY)
    yield f"/proc/self/fd/{descriptor}"
    os.close(descriptor)


def test_a_command_is_answered_past_the_events(tmp_path: Path) -> None:
    event = b'{"event": "RESUME"}\n{"event": "STOP"}\n'
    with qemu(tmp_path, [event + b'{"return": {"status": "running"}}\n']) as asked, Qmp(tmp_path) as qmp:
        assert qmp.execute("query-status") == {"status": "running"}
    assert asked == ["qmp_capabilities", "query-status"]


def test_the_socket_is_reached_in_a_directory_too_deep_for_its_address(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    with qemu(deep, [OK]), Qmp(deep) as qmp:
        assert qmp.execute("system_reset") == {}


def test_a_refusal_is_told_in_qemus_words(tmp_path: Path) -> None:
    refusal = b'{"error": {"class": "GenericError", "desc": "no such thing"}}\n'
    with qemu(tmp_path, [refusal]), Qmp(tmp_path) as qmp, pytest.raises(LabError, match="refused x: no such thing"):
        qmp.execute("x")


def test_a_silent_qemu_costs_its_deadline(tmp_path: Path) -> None:
    begin = time.monotonic()
    with (
        qemu(tmp_path, [SILENCE]),
        Qmp(tmp_path, seconds=0.3) as qmp,
        pytest.raises(LabError, match=r"not within 0\.3 s"),
    ):
        qmp.execute("x")
    assert time.monotonic() - begin < 30


def test_a_qemu_that_only_tells_events_costs_its_deadline(tmp_path: Path) -> None:
    events = b'{"event": "A"}\n' * 3 + SILENCE
    with qemu(tmp_path, [events]), Qmp(tmp_path, seconds=0.3) as qmp, pytest.raises(LabError, match="not within"):
        qmp.execute("x")


def test_a_qemu_that_dies_is_told(tmp_path: Path) -> None:
    with (
        qemu(tmp_path, []),
        Qmp(tmp_path) as qmp,
        pytest.raises(LabError, match=r"has ended|lost QEMU|takes no command"),
    ):
        qmp.execute("x")


def test_no_qemu_at_all_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not take connections"):
        Qmp(tmp_path)
