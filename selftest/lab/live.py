# SPDX-License-Identifier: Apache-2.0
"""A running lab, as tests use it: through the command an operator would type."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from selftest.lab.operator import Operator

from kdumpcheck.lab.bmc import Bmcs
from kdumpcheck.lab.locks import locked_directory
from kdumpcheck.lab.process import MARK, Process
from kdumpcheck.lab.record import NodeRecord
from kdumpcheck.lab.ssh import Ssh
from kdumpcheck.lab.state import StateDir
from kdumpcheck.lab.teardown import tear_down
from kdumpcheck.nodes import Inventory, load_inventory
from kdumpcheck.paths import state_dir

# A first `lab up` builds the image, boots the seed and each node once; everything later takes seconds.
UP_SECONDS = 1500
COMMAND_SECONDS = 600
# Longer than any lab takes to go down: its containers are asked to shut down before they are ended.
ORPHANS_SECONDS = 300


@dataclass(frozen=True)
class LiveLab:
    """A lab of the tests' own: its state apart from the operator's, the cache of saved states shared with him."""

    home: Path
    """what stands for $XDG_STATE_HOME"""

    @property
    def state(self) -> StateDir:
        return StateDir(self.home / "kdumpcheck" / "lab")

    @property
    def inventory(self) -> Inventory:
        return load_inventory(self.state.inventory, {})

    @property
    def environ(self) -> dict[str, str]:
        """The environment in which every command finds this lab and no other."""
        hidden = ("KDUMPCHECK_INVENTORY", "GOSS_TEST_NCN_LIST", MARK)
        kept = {name: value for name, value in os.environ.items() if name not in hidden}
        return {**kept, "XDG_STATE_HOME": str(self.home)}

    def kdumpcheck(self, *words: str, seconds: float = COMMAND_SECONDS) -> subprocess.CompletedProcess[str]:
        """Run `kdumpcheck WORDS` to its end, whatever that is."""
        argv = [sys.executable, "-m", "kdumpcheck.cli", *words]
        return subprocess.run(
            argv, env=self.environ, cwd=self.home, capture_output=True, text=True, timeout=seconds, check=False
        )

    def do(self, *words: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run `kdumpcheck lab WORDS`, which must work; what it printed."""
        done = self.kdumpcheck("lab", *words, seconds=seconds)
        assert done.returncode == 0, f"kdumpcheck lab {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def run(self, node: str, script: str, seconds: float = COMMAND_SECONDS) -> str:
        """Run a piece of sh on a node as root."""
        return Ssh(self.state.ssh_config).run(node, script, seconds=seconds, what="the test's script")

    def record(self, node: str) -> NodeRecord:
        return NodeRecord.load(self.state.node(node))

    def process(self, node: str) -> Process:
        """The process a node runs as."""
        found = Process.load(self.state.node(node))
        assert found is not None
        return found

    def ipmi(self, node: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Ask a node's BMC something with ipmitool."""
        argv = Bmcs(self.state).ipmitool(self.record(node).bmc, *command)
        return subprocess.run(argv, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)

    def judge(self, *nodes: str) -> list[tuple[str, str, str]]:
        """Node, check and outcome of all that is judged: the operator's own suite, run on the live nodes."""
        ran = Operator(self.environ).validate(*nodes)
        return [(result["node"], result["check"], result["outcome"]) for result in ran.results]

    def remove(self) -> None:
        """Take the lab down, whatever state it is in."""
        tear_down(self.state)
        shutil.rmtree(self.home)


def homes() -> Path:
    """Where labs of tests are: not under /tmp, so that one left by a killed test run is found by the next."""
    return state_dir(os.environ, Path.home()) / "selftest"


def new_lab(name: str) -> LiveLab:
    """A lab that is not up yet, named after this process, so that nobody takes its nodes away while it runs."""
    me = Process.of(os.getpid())
    assert me is not None
    home = homes() / f"{me.pid}-{me.started}-{name}"
    home.mkdir(parents=True)
    return LiveLab(home)


def remove_orphans() -> None:
    """Take down the labs of test runs that were killed; test processes that begin at once do it one after the other."""
    with locked_directory(homes(), ORPHANS_SECONDS, f"another test run takes labs down in {homes()}"):
        for home in homes().glob("*-*-*"):
            pid, started = home.name.split("-")[:2]
            if not Process(int(pid), int(started)).alive:
                LiveLab(home).remove()
