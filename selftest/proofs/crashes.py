# SPDX-License-Identifier: Apache-2.0
"""Crash proofs of real nodes, asked for as an operator would."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from selftest.lab.live import LiveLab
from selftest.lab.operator import BIN, ROOT

from kdumpcheck.lab.faults.fault import PRELUDE
from kdumpcheck.lab.faults.tools import SET

#: A capture kernel that boots beside others, emulated, is silent for half a minute at most.
HUNG_AFTER = 90
_LONGEST = 1500


def append(words: str) -> str:
    """Shell that puts words on the command line of the next capture kernel, and loads it."""
    return f"""{PRELUDE}{SET}
append=$(sed -n 's/^KDUMP_COMMANDLINE_APPEND="\\(.*\\)"/\\1/p' "$config")
set_key KDUMP_COMMANDLINE_APPEND "\\"$append {words}\\""
systemctl restart kdump.service
"""


#: A capture kernel whose init reads from the console, and says nothing for ever.
HANGS = append("rdinit=/usr/bin/cat")
#: One whose init ends at once, which is a panic.
PANICS = append("rdinit=/usr/bin/false")


@dataclass(frozen=True)
class Crash:
    """One run of the crash proof: its exit code, all it printed, and what results.json says."""

    exit_code: int
    text: str
    proof: dict[str, Any]
    document: dict[str, Any] = field(repr=False)

    def holds(self) -> dict[str, bool]:
        """Each gate and each point by its name."""
        return {each["name"]: each["holds"] for each in (*self.proof["gates"], *self.proof["points"])}

    def phases(self) -> list[str]:
        return [each["phase"] for each in self.proof["phases"]]


@dataclass(frozen=True)
class Crasher:
    """Runs `pytest tests/recovery -m crash` on a lab's nodes. What the operator keeps is the lab's own."""

    lab: LiveLab

    def start(self, node: str, *options: str, reports: str) -> subprocess.Popen[str]:
        argv = [str(BIN / "pytest"), "tests/recovery", "-m", "crash", "--nodes", node, "--crash", "--apply"]
        argv += ["--bmc-password-file", str(self.lab.state.bmc_password), "-p", "no:cacheprovider"]
        argv += ["--report-dir", reports, "--hung-after", str(HUNG_AFTER), *options]
        return subprocess.Popen(
            argv,
            cwd=ROOT,
            env=self.lab.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell's job in the background ignores Ctrl-C, and so would all that it starts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    def crash(self, node: str, *options: str, stop_at: str = "") -> Crash:
        """Crash a node and wait for the word on it; with `stop_at`, press Ctrl-C when a phase has begun."""
        with tempfile.TemporaryDirectory() as reports:
            process = self.start(node, *options, reports=reports)
            try:
                text = _listen(process, stop_at)
            finally:
                process.kill()
                process.wait()
            self._keep(reports)
            document = json.loads(Path(reports, "results.json").read_text(encoding="utf-8"))
        (proof,) = document["proofs"]
        return Crash(process.returncode, text, proof, document)

    def _keep(self, reports: str) -> None:
        """Keep the console where $KEEP_CONSOLES says, for the captured cases."""
        if kept := os.environ.get("KEEP_CONSOLES"):
            Path(kept).mkdir(parents=True, exist_ok=True)
            for log in Path(reports).glob("console-*.log"):
                Path(kept, f"{time.strftime('%H%M%S')}-{log.name}").write_bytes(log.read_bytes())


def _listen(process: subprocess.Popen[str], stop_at: str) -> str:
    assert process.stdout is not None
    lines: list[str] = []
    guard = threading.Timer(_LONGEST, process.kill)
    guard.start()
    try:
        for line in process.stdout:
            lines.append(line)
            print(line, end="")
            if stop_at and f": {stop_at}," in line:
                process.send_signal(signal.SIGINT)
        process.wait()
    finally:
        guard.cancel()
    return "".join(lines)


def despite(*checks: str) -> Sequence[str]:
    return [word for check in checks for word in ("--despite", check)]
