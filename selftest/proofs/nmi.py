# SPDX-License-Identifier: Apache-2.0
"""A BMC with an NMI button, which the lab's (ipmi_sim) has not: pyghmi's own server, whose button QEMU presses."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from selftest.lab.live import LiveLab
from selftest.net.faults import until
from selftest.net.power import nmi_bmc
from selftest.net.power.ipmi_sim import ADDRESS, free_udp_port, listens

from kdumpcheck.lab.qmp import Qmp
from kdumpcheck.nodes import Inventory, dump


@contextmanager
def nmi_button(lab: LiveLab, name: str, directory: Path) -> Iterator[None]:
    """While it lasts the inventory names this BMC for a node, and its console as a file."""
    port, log, inventory = free_udp_port(), directory / "pressed", lab.state.inventory
    argv = [sys.executable, "-P", str(Path(nmi_bmc.__file__)), str(port), str(lab.state.bmc_password), str(log)]
    before, stop = inventory.read_text(encoding="utf-8"), threading.Event()
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL) as process:
        presser = threading.Thread(target=_press, args=(lab, name, log, stop))
        try:
            until(lambda: listens(port), "the BMC listens")
            inventory.write_text(_with(lab, name, f"{ADDRESS}:{port}"), encoding="utf-8")
            presser.start()
            yield
        finally:
            stop.set()
            inventory.write_text(before, encoding="utf-8")
            process.kill()


def _with(lab: LiveLab, name: str, bmc: str) -> str:
    """The lab's inventory with this BMC for a node."""
    known = lab.inventory
    console = f"file:{lab.state.node(name) / 'console.log'}"
    nodes = [replace(node, bmc=bmc, console=console) if node.name == name else node for node in known.select()]
    changed = Inventory.of(
        nodes,
        origin=str(lab.state.inventory),
        loader="the lab",
        ssh_config=Path(lab.state.ssh_config.name),
        known_hosts=Path(lab.state.known_hosts.name),
    )
    return dump(changed)


def _press(lab: LiveLab, name: str, log: Path, stop: threading.Event) -> None:
    """Each line the BMC writes is one NMI."""
    seen = 0
    while not stop.wait(0.2):
        pressed = log.read_text(encoding="utf-8").count("nmi") if log.exists() else 0
        for _ in range(pressed - seen):
            with Qmp(lab.state.node(name)) as qmp:
                qmp.execute("inject-nmi")
        seen = pressed
