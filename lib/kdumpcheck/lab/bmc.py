# SPDX-License-Identifier: Apache-2.0
"""The BMCs of the lab: one ipmi_sim that answers for every node, on an address of its own each."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.lab import console
from kdumpcheck.lab.addresses import CONSOLE_PORT, bmc_port
from kdumpcheck.lab.bmc_config import Bmc, emulator_commands, lan_config
from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.errors import LabError
from kdumpcheck.lab.files import write_text
from kdumpcheck.lab.process import Process, spawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kdumpcheck.lab.record import NodeRecord
    from kdumpcheck.lab.state import StateDir

USER: Final = "root"
CIPHER_SUITE: Final = "3"
"""What ipmi_sim has; asked without one, ipmitool first waits 10 s for a list of them that never comes."""

_POWER_BUTTON: Final = Path(__file__).with_name("chassis_main.py")
_LOG: Final = "ipmi_sim.log"
_START_SECONDS: Final = 120.0
_ASK_SECONDS: Final = 60.0


class Bmcs:
    """All BMCs of one lab."""

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self._directory = state.bmc

    def is_up(self) -> bool:
        """Whether ipmi_sim runs."""
        return Process.running(self._directory) is not None

    def serve(self, nodes: Sequence[NodeRecord]) -> None:
        """Have a BMC for exactly these nodes; nothing happens when that is so already."""
        bmcs = [self._bmc(node) for node in nodes]
        lan = lan_config(bmcs, USER, self._password())
        config = self._directory / "lan.conf"
        if self.is_up() and config.is_file() and config.read_text(encoding="utf-8") == lan:
            return
        self.stop()
        write_text(config, lan)
        write_text(self._directory / "sim.emu", emulator_commands(bmcs))
        self._start()
        # The last one: where ipmi_sim stumbles over its configuration it stops reading, and says nothing.
        self._wait_for(nodes[-1].bmc)

    def stop(self) -> None:
        """End all BMCs; the nodes go on."""
        process = Process.running(self._directory)
        if process is not None:
            process.stop()

    def ipmitool(self, address: str, *command: str) -> list[str]:
        """The command line an operator would use, except that the password is in a file."""
        login = ["-U", USER, "-f", str(self._state.bmc_password)]
        # After a second it would ask again, and the node would be shut down once more when it is up again.
        once = ["-N", "60", "-R", "1"]
        where = ["-H", address, "-p", str(bmc_port())]
        return ["ipmitool", "-I", "lanplus", "-C", CIPHER_SUITE, *where, *once, *login, *command]

    def _password(self) -> str:
        """A password of this lab's own, made when it is first asked for."""
        path = self._state.bmc_password
        if not path.exists():
            self._directory.mkdir(mode=0o700, exist_ok=True)
            write_text(path, secrets.token_hex(8) + "\n")  # IPMI 1.5 passwords have at most 16 bytes
        return path.read_text(encoding="utf-8").strip()

    def _bmc(self, node: NodeRecord) -> Bmc:
        chassis = (sys.executable, "-I", "-S", str(_POWER_BUTTON), str(self._state.node(node.name)))
        console = f"{node.address}:{CONSOLE_PORT}" if node.kind == "vm" else None
        return Bmc(index=node.index, address=node.bmc, port=bmc_port(), console=console, chassis=chassis)

    def _start(self) -> None:
        # Users are kept there and win over the configuration when they are found again.
        kept = self._directory / "kept"
        shutil.rmtree(kept, ignore_errors=True)
        kept.mkdir(mode=0o700)
        argv = ["ipmi_sim", "-c", "lan.conf", "-f", "sim.emu", "-s", "kept", "-n"]
        spawn(argv, lab=self._state.root, directory=self._directory, log=_LOG)

    def _wait_for(self, address: str) -> None:
        Deadline(_START_SECONDS, f"the BMCs answer (ipmi_sim in {self._directory})").poll(
            lambda: self._answers(address)
        )

    def _answers(self, address: str) -> bool:
        if not self.is_up():
            raise LabError(f"ipmi_sim has ended: {console.last_line(self._directory / _LOG)}")
        argv = self.ipmitool(address, "-N", "2", "-R", "1", "power", "status")
        done = subprocess.run(argv, capture_output=True, timeout=_ASK_SECONDS, check=False)
        return done.returncode == 0
