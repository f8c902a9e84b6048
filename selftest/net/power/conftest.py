# SPDX-License-Identifier: Apache-2.0
"""What the tests of the power button share: a BMC emulator, and `kdumpcheck power` as an operator runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from selftest.net.faults import FOREVER
from selftest.net.power.ipmi_sim import CANARY, USER, IpmiSim

NODE = "ncn-w001"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str
    seconds: float


@dataclass(frozen=True)
class Operator:
    """Runs `kdumpcheck power`; nothing of the password may ever be seen in what it says."""

    home: Path

    def __call__(self, bmc: str, *words: str, password: str = CANARY) -> Ended:
        file = self.home / "password"
        file.write_text(f"{password}\n")
        file.chmod(0o600)
        return self.bare(bmc, *words, "--password-file", str(file))

    def bare(self, bmc: str, *words: str, environ: dict[str, str] | None = None) -> Ended:
        with self.start(bmc, *words, environ=environ) as process:
            start = time.monotonic()
            out, err = process.communicate(timeout=2 * FOREVER)
        assert CANARY not in out + err
        assert "Traceback" not in err
        return Ended(process.returncode, out, err, time.monotonic() - start)

    def start(self, bmc: str, *words: str, environ: dict[str, str] | None = None) -> subprocess.Popen[str]:
        inventory = self.home / "inventory.yaml"
        inventory.write_text(f"kdumpcheck-inventory: 1\nnodes:\n  {NODE}: {{bmc: '{bmc}'}}\n")
        # The deadline is not what most tests are about, nor that this machine is quick.
        patient = () if "--timeout" in words else ("--timeout", str(FOREVER))
        own = {name: value for name, value in os.environ.items() if name not in ("USERNAME", "IPMI_PASSWORD")}
        return subprocess.Popen(
            [sys.executable, "-m", "kdumpcheck.cli", "power", NODE, *words, *patient, "--inventory", str(inventory)],
            env={**own, "USERNAME": USER, **(environ or {})},
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@pytest.fixture
def power(tmp_path: Path) -> Operator:
    (tmp_path / "home").mkdir()
    return Operator(tmp_path / "home")


@pytest.fixture(scope="module")
def bmc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpmiSim]:
    """A quick BMC for all tests of a file."""
    with IpmiSim(tmp_path_factory.mktemp("bmc") / "sim") as sim:
        yield sim


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Callable[[float], IpmiSim]]:
    """Start a BMC whose chassis takes this many seconds."""
    started: list[IpmiSim] = []

    def start(delay: float) -> IpmiSim:
        started.append(IpmiSim(tmp_path / f"slow{len(started)}", delay))
        return started[-1].__enter__()

    yield start
    for sim in started:
        sim.__exit__()
