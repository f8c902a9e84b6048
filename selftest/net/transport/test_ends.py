# SPDX-License-Identifier: Apache-2.0
"""When a transport ends, nobody waits any more, nothing is left open, and nothing was printed."""

from __future__ import annotations

import gc
import os
import threading
import time
from collections.abc import Callable

import pytest
from selftest.net.faults import ADDRESS, FOREVER, LATER, SOON, black_hole, hanging_up, mute, within
from selftest.net.ports import reserve
from selftest.net.sshd import Sshd

from kdumpcheck.nodes import Node
from kdumpcheck.transport import Deadline, SshSettings, Transport, TransportError

Make = Callable[[SshSettings], Transport]
Start = Callable[..., Sshd]


def test_closing_the_transport_wakes_whoever_waits(sshd: Sshd, transport_of: Make) -> None:
    transport = transport_of(sshd.settings())
    connection = transport.connect(sshd.node(), Deadline.after(LATER))
    errors: list[str] = []

    def wait_for_command() -> None:
        try:
            connection.run(f"sleep {FOREVER}", deadline=Deadline.after(FOREVER))
        except TransportError as error:
            errors.append(error.kind)

    def wait_for_node(port: int) -> None:
        try:
            transport.connect(Node("ncn-w009", ADDRESS, port), Deadline.after(FOREVER))
        except TransportError as error:
            errors.append(error.kind)

    with mute() as silent, black_hole() as hole:
        threads = [
            threading.Thread(target=wait_for_command),
            threading.Thread(target=wait_for_node, args=(silent,)),
            threading.Thread(target=wait_for_node, args=(hole,)),
        ]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        with within(1.0):
            transport.close()
            for thread in threads:
                thread.join()
    assert len(errors) == 3


def test_nothing_is_left_open(sshd: Sshd, transport_of: Make) -> None:
    def descriptors() -> list[str]:
        gc.collect()
        return sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208 - its own descriptor comes and goes with it

    transport_of(sshd.settings()).connect(sshd.node(), Deadline.after(LATER)).close()
    closed = reserve(ADDRESS)
    before = descriptors()
    with mute() as silent:
        transport = Transport(sshd.settings(retries=0))
        for port in (silent, closed):
            with pytest.raises(TransportError):
                transport.connect(Node("ncn-w009", ADDRESS, port), Deadline.after(0.5))
        with pytest.raises(TransportError):
            transport.connect(sshd.node(user="nobody"), Deadline.after(LATER))
        for _ in range(3):
            connection = transport.connect(sshd.node(), Deadline.after(LATER))
            connection.run("true", deadline=Deadline.after(LATER))
        transport.close()
    assert descriptors() == before


def test_nothing_is_printed_whatever_goes_wrong(
    sshd: Sshd, transport_of: Make, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    transport = transport_of(sshd.settings(retries=0))
    with mute(b"SSH-2.0-x\r\ngarbage" + b"\xff" * 500) as garbage, hanging_up() as cut:
        for port in (garbage, cut, reserve(ADDRESS)):
            with pytest.raises(TransportError):
                transport.connect(Node("ncn-w009", ADDRESS, port), Deadline.after(SOON))
    transport.close()
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelname in ("ERROR", "WARNING")]
