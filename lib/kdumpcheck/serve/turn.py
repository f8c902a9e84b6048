# SPDX-License-Identifier: Apache-2.0
"""One run of the suite, in a process of its own: it cannot take the server with it, and leaves no state in it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.checks.judge import one_line
from kdumpcheck.reporters import prometheus
from kdumpcheck.reporters.folding import verdict
from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results.read import ResultsError, read_results
from kdumpcheck.serve.seen import Page, Seen

_USAGE_ERROR = 4
_LARGEST_WORDS = 4096
_GRACE = 10.0


class RefusedError(ValueError):
    """pytest refuses what it was asked; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How a run is made: pytest's arguments, and what counts as failed."""

    arguments: Sequence[str]
    gate: Gate

    def take(self) -> Seen:
        """Run the suite once and take what it left. Raises `RefusedError` for a mistake of usage."""
        with tempfile.TemporaryDirectory(prefix="kdumpcheck-serve.") as place:
            reports = Path(place) / "report"
            with (Path(place) / "words").open("w+b") as words:
                status = self._run(reports, words.fileno())
                words.seek(0)
                said = words.read(_LARGEST_WORDS).decode("utf-8", "replace")
            if not (reports / "results.json").exists():
                line = one_line(next((line for line in said.splitlines() if line.strip()), f"pytest exited {status}"))
                if status == _USAGE_ERROR:
                    raise RefusedError(line.removeprefix("ERROR: "))
                return Seen(time.monotonic(), line)
            return self._seen(reports, status)

    def _run(self, reports: Path, words: int) -> int:
        command = [sys.executable, "-m", "pytest", "--quiet", *self.arguments, "--report-dir", str(reports)]
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=words, env=_environment(os.environ)
        ) as child:
            try:
                return child.wait()
            except BaseException:
                child.terminate()
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_GRACE)
                child.kill()
                raise

    def _seen(self, reports: Path, status: int) -> Seen:
        try:
            run = read_results(reports)
            pages = {
                "/results.json": Page("application/json", (reports / "results.json").read_bytes()),
                "/metrics": Page(
                    "text/plain; version=0.0.4; charset=utf-8", prometheus.render(run, self.gate).encode()
                ),
                "/": Page("text/html; charset=utf-8", (reports / "index.html").read_bytes()),
            }
        except (ResultsError, OSError) as error:
            return Seen(time.monotonic(), one_line(str(error)))
        return Seen(time.monotonic(), one_line(verdict(run)[0]) if status else "", pages)


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The child's environment: a run that only looks needs no BMC's password, nor this process's pytest options."""
    return {key: value for key, value in environ.items() if key not in {"IPMI_PASSWORD", "PYTEST_ADDOPTS"}}
