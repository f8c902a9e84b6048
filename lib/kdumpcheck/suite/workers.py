# SPDX-License-Identifier: Apache-2.0
"""pytest-xdist: the controller looks at every node once and hands the evidence to its worker processes."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from kdumpcheck.evidence import save
from kdumpcheck.results.run import CheckNote
from kdumpcheck.suite.suite import Suite

_EVIDENCE, _CHECKS = "kdumpcheck_evidence", "kdumpcheck_checks"


class Controller:
    """What the controller does for its workers, whatever -n and --dist say."""

    def __init__(self, suite: Suite) -> None:
        if suite.options.apply:
            raise pytest.UsageError("--apply repairs nodes from one process: leave out -n")
        if suite.options.crash.crash:
            raise pytest.UsageError("--crash takes one node after the other: leave out -n")
        if suite.booting is not None:
            raise pytest.UsageError("--image-boot boots its one node from one process: leave out -n")
        self.suite = suite
        suite.keep_raw = True
        self._directory: Path | None = None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:  # noqa: ANN401 - xdist ships no types
        """Look at all nodes before the first worker starts, and tell each worker where the evidence lies."""
        if not self.suite.subjects:
            # The workers have not collected yet, so that nobody knows which checks are selected: ask everything.
            self.suite.gather(self.suite.probe())
        if self.suite.options.replay is None:
            node.workerinput[_EVIDENCE] = str(self._left())

    def _left(self) -> Path:
        """The directory that holds the evidence for the workers, filled when first asked for."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="kdumpcheck-"))
            for subject in self.suite.subjects.values():
                save(self._directory, subject.evidence, self.suite.raw.get(subject.node, b""))
        return self._directory

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - as above
        """Learn from a worker which checks there were."""
        for note in getattr(node, "workeroutput", {}).get(_CHECKS, ()):
            known = CheckNote(**note | {"follows": tuple(note["follows"])})
            self.suite.run.checks.setdefault(known.id, known)

    def pytest_unconfigure(self) -> None:
        """Take the handed evidence away."""
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)


class Worker:
    """What a worker tells its controller at the end."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what is known of the checks."""
        notes = [note.plain() for note in self.suite.run.checks.values()]
        session.config.workeroutput[_CHECKS] = notes  # type: ignore[attr-defined]  # xdist adds it to a worker's config


def handed(config: pytest.Config) -> Path | None:
    """Where the controller left the evidence, or None when this process is no worker."""
    given = getattr(config, "workerinput", {}).get(_EVIDENCE)
    return Path(given) if given else None
