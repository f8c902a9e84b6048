# SPDX-License-Identifier: Apache-2.0
"""An NMI, to a BMC that knows one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.net.faults import until
from selftest.net.power.conftest import Operator
from selftest.net.power.ipmi_sim import ADDRESS, CANARY, free_udp_port, listens


@pytest.fixture
def knowing(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Where the BMC answers, and what it writes."""
    port, log, password = free_udp_port(), tmp_path / "log", tmp_path / "secret"
    password.write_text(CANARY)
    program = Path(__file__).with_name("nmi_bmc.py")
    argv = [sys.executable, "-P", str(program), str(port), str(password), str(log)]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        until(lambda: listens(port), "the BMC listens")
        yield f"{ADDRESS}:{port}", log
        process.kill()


def test_an_nmi_is_sent_once(power: Operator, knowing: tuple[str, Path]) -> None:
    bmc, log = knowing
    done = power(bmc, "nmi", "--yes")
    assert (done.status, done.err) == (0, "")
    assert "NMI sent: the node panics" in done.out
    assert log.read_text() == "nmi\n"


def test_what_it_does_not_know_is_said_to_be_unknown(power: Operator, knowing: tuple[str, Path]) -> None:
    done = power(knowing[0], "reset", "--yes")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "does not know this action" in done.err
