# SPDX-License-Identifier: Apache-2.0
"""An operator at a terminal: runs the suite and the lab's commands as anybody would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PATIENCE = 600


@dataclass(frozen=True)
class Ran:
    """One run of the suite."""

    exit_code: int
    text: str
    results: list[dict[str, Any]]
    remedies: list[dict[str, Any]]
    proofs: list[dict[str, Any]] = field(default_factory=list)
    nodes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Operator:
    """Runs commands in the environment of one lab."""

    environ: Mapping[str, str]
    seconds: float = 1800
    """how long one command may take"""
    prefix: tuple[str, ...] = ()
    """what each command is run by"""

    def validate(self, *nodes: str, options: Sequence[str] = ()) -> Ran:
        """Look at nodes and judge them."""
        return self.pytest("tests/validation", "--nodes", ",".join(nodes), *options)

    def recover(self, node: str, *options: str) -> Ran:
        """Plan or do repairs on a node."""
        return self.pytest("tests/recovery", "--nodes", node, *options)

    def pytest(self, *arguments: str) -> Ran:
        """Run the suite."""
        with tempfile.TemporaryDirectory() as reports:
            return self.pytest_into(Path(reports), *arguments)

    def pytest_into(self, reports: Path, *arguments: str) -> Ran:
        """Run the suite, and keep its reports in a directory."""
        # The nodes are emulated, on a machine that is busy with others: the usual two minutes are for real ones.
        patient = () if "--deadline" in arguments else ("--deadline", str(PATIENCE))
        words = (*arguments, *patient, "--report-dir", str(reports), "-p", "no:cacheprovider")
        done = self._run(str(BIN / "pytest"), *words)
        found = reports / "results.json"
        assert found.exists(), done.stdout + done.stderr
        document = json.loads(found.read_text(encoding="utf-8"))
        told = (document[name] for name in ("results", "remedies", "proofs", "nodes"))
        return Ran(done.returncode, done.stdout + done.stderr, *told)

    def lab(self, *arguments: str, check: bool = True) -> str:
        """Run `kdumpcheck lab ...`."""
        done = self._run(str(BIN / "kdumpcheck"), "lab", *arguments)
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ssh(self, node: str, command: str) -> str:
        """Run a command on a node as root."""
        return self.lab("ssh", node, command)

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **self.environ}
        return subprocess.run(
            [*self.prefix, *argv],
            capture_output=True,
            text=True,
            timeout=self.seconds,
            check=False,
            cwd=ROOT,
            env=environ,
        )
