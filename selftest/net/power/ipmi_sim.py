# SPDX-License-Identifier: Apache-2.0
"""A real BMC emulator (ipmi_sim) with a chassis of a shell script, which writes down what was pressed."""

from __future__ import annotations

import contextlib
import os
import selectors
import shlex
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Self

from selftest.net.faults import LATER, until
from selftest.net.ports import reserve

from kdumpcheck.lab.bmc_config import Bmc, emulator_commands, lan_config

ADDRESS = "127.0.0.9"
USER = "root"
CANARY = "kanarienvogel-7f3"
"""The password: seen anywhere but on its way to the BMC, it has leaked."""

# A slow chassis takes its time for whatever it is told, not for what it is asked.
_CHASSIS = """\
#!/bin/sh
directory={directory}
echo "$*" >>"$directory/pressed"
verb=$1
shift
case $verb in
get)
    for what; do
        case $what in
        power) echo "power:$(cat "$directory/power")" ;;
        boot) echo boot:default ;;
        esac
    done
    ;;
set)
    sleep {delay}
    [ "$1" = power ] && echo "$2" >"$directory/power"
    ;;
esac
exit 0
"""
_LOCKED_USER = '  user 3 false "locked" "{password}" admin 10 md5\n'


class IpmiSim:
    """One BMC; `delay` is what its chassis takes to press a button, in seconds; `console` its node's serial line."""

    def __init__(self, root: Path, delay: float = 0, console: str | None = None, port: int | None = None) -> None:
        self.root = root
        self.port = port or free_udp_port()
        self._process: subprocess.Popen[bytes] | None = None
        (root / "kept").mkdir(parents=True)
        (root / "power").write_text("1\n")
        chassis = root / "chassis"
        chassis.write_text(_CHASSIS.format(directory=shlex.quote(str(root)), delay=delay))
        chassis.chmod(0o755)
        bmc = Bmc(index=1, address=ADDRESS, port=self.port, console=console, chassis=(str(chassis),))
        lan = lan_config([bmc], USER, CANARY) + _LOCKED_USER.format(password=CANARY)
        (root / "lan.conf").write_text(lan)
        (root / "sim.emu").write_text(emulator_commands([bmc]))

    def __enter__(self) -> Self:
        argv = ["ipmi_sim", "-c", "lan.conf", "-f", "sim.emu", "-s", "kept", "-n"]
        with (self.root / "log").open("wb") as log:
            self._process = subprocess.Popen(
                argv, cwd=self.root, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until(lambda: listens(self.port), "ipmi_sim listens")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    @property
    def bmc(self) -> str:
        """Where it answers, as an inventory says it."""
        return f"{ADDRESS}:{self.port}"

    def is_on(self) -> bool:
        return (self.root / "power").read_text().strip() == "1"

    def pressed(self) -> list[str]:
        """Every button that was pressed, in order."""
        try:
            lines = (self.root / "pressed").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line.removeprefix("set ") for line in lines if line.startswith("set ")]


class Serial:
    """The serial line of a node that shows what the test wants, to the one BMC that listens to it."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(LATER)
        self._line: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._line is not None:
            self._line.close()
        self._server.close()

    @property
    def where(self) -> str:
        """As ipmi_sim wants it."""
        return f"127.0.0.1:{self._server.getsockname()[1]}"

    def shows(self, output: bytes) -> None:
        """Have the node show these bytes; ipmi_sim drops what is more than a UART could send."""
        if self._line is None:
            self._line, _ = self._server.accept()
        self._line.sendall(output)


class Relay:
    """Carries UDP packets to a BMC and back, each way `delay` seconds late, or not at all when it is `cut`."""

    def __init__(self, port: int, delay: float) -> None:
        self._target = (ADDRESS, port)
        self._delay = delay
        self.cut = False
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind((ADDRESS, 0))
        self.port: int = self._front.getsockname()[1]
        self._backs: dict[tuple[str, int], socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._front, selectors.EVENT_READ, None)
        self._queue: list[tuple[float, socket.socket, bytes, tuple[str, int]]] = []
        self._ended = False
        self._thread = threading.Thread(target=self._carry, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = True
        self._thread.join()
        for each in (self._front, *self._backs.values()):
            each.close()

    def _carry(self) -> None:
        while not self._ended:
            for key, _ in self._selector.select(0.05):
                self._take(key.fileobj, key.data)  # type: ignore[arg-type] # only sockets are registered
            due = [each for each in self._queue if each[0] <= time.monotonic()]
            for each in due:
                self._queue.remove(each)
                if not self.cut:
                    each[1].sendto(each[2], each[3])

    def _take(self, sock: socket.socket, client: tuple[str, int] | None) -> None:
        data, peer = sock.recvfrom(4096)
        late = time.monotonic() + self._delay
        if client is not None:
            self._queue.append((late, self._front, data, client))
            return
        if peer not in self._backs:
            back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            back.bind((ADDRESS, 0))
            self._backs[peer] = back
            self._selector.register(back, selectors.EVENT_READ, peer)
        self._queue.append((late, self._backs[peer], data, self._target))


def free_udp_port() -> int:
    return reserve(ADDRESS, socket.SOCK_DGRAM)


def listens(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return True
    return False
