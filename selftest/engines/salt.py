# SPDX-License-Identifier: Apache-2.0
"""A Salt master and its minions on loopback, in a directory of their own; they end with the test."""

from __future__ import annotations

import getpass
import json
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from selftest.net.ports import reserve


class Salt:
    """Real daemons. `config` is the master's, as for `salt -c`."""

    def __init__(self, programs: Path, directory: Path, minions: Sequence[str]) -> None:
        self.config = directory / "master"
        self._programs, self._directory, self._minions = programs, directory, minions
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        ports = {"publish_port": reserve("127.0.0.1")}
        ret_port = reserve("127.0.0.1")
        master = {"interface": "127.0.0.1", "ret_port": ret_port, "auto_accept": True, "worker_threads": 2}
        self._start("salt-master", "master", master | ports)
        for name in self._minions:
            self._start("salt-minion", name, {"id": name, "master": "127.0.0.1", "master_port": ret_port} | ports)
        try:
            self._wait_for_minions()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._end()

    def kill(self, name: str) -> None:
        """End one daemon, with the processes that it has started."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def _start(self, program: str, name: str, settings: dict[str, object]) -> None:
        place = self._directory / name
        for part in ("sock", "pki", "cache"):
            (place / part).mkdir(parents=True)
        here = {"root_dir": place, "sock_dir": place / "sock", "pki_dir": place / "pki", "cachedir": place / "cache"}
        here |= {"log_file": place / "log", "pidfile": place / "pid"}
        document = {"user": getpass.getuser(), **settings, **{key: str(path) for key, path in here.items()}}
        # Each program looks for the file of its own name; YAML takes JSON.
        (place / program.removeprefix("salt-")).write_text(json.dumps(document), encoding="utf-8")
        with (place / "said").open("wb") as said:
            argv = [str(self._programs / program), "-c", str(place)]
            self._running[name] = subprocess.Popen(argv, stdout=said, stderr=said, start_new_session=True)

    def _wait_for_minions(self) -> None:
        end = time.monotonic() + 600
        argv = [str(self._programs / "salt"), "-c", str(self.config), "-t", "5", "--static", "--out", "json"]
        while True:
            done = subprocess.run([*argv, "*", "test.ping"], capture_output=True, text=True, timeout=120, check=False)
            if all(f'"{name}": true' in done.stdout for name in self._minions):
                return
            assert time.monotonic() < end, done.stdout + done.stderr + self._said()
            time.sleep(1)  # a minion that has found its master tells nobody but by its answer

    def _said(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self._directory.glob("*/said"))

    def _end(self) -> None:
        for name in list(self._running):
            self.kill(name)
