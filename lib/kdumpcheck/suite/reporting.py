# SPDX-License-Identifier: Apache-2.0
"""Collects what a run says and writes its reports, also when it is interrupted."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from kdumpcheck import shipped
from kdumpcheck.reporters import directory, fleet, github
from kdumpcheck.reporters.directory import ReportError
from kdumpcheck.reporters.formats import FormatError, write
from kdumpcheck.results import OtherTest, RemedyResult
from kdumpcheck.suite.items import CheckReport
from kdumpcheck.suite.suite import Suite


class Reporting:
    """Makes the report directory at the start and fills it at the end."""

    def __init__(self, suite: Suite, config: pytest.Config) -> None:
        """Make the directory and tell pytest's own reporters where to write, unless the operator did.

        A directory that cannot be used costs a run its reports and its good exit code, not its verdicts.
        """
        self.suite = suite
        self._began = time.monotonic()
        options = suite.options
        reports = shipped.root(config) / "reports"
        #: The run before this one, where runs follow each other in one place.
        self._earlier = (reports / "latest").resolve() / "results.json" if options.report_dir is None else None
        try:
            suite.report_dir = directory.make(reports, options.report_dir, suite.run.started)
        except ReportError as error:
            if options.apply:  # nothing may be begun on a node that cannot be written down before
                raise pytest.UsageError(str(error)) from None
            suite.trouble = str(error)
        if options.bundle is not None:
            make_bundle(options.bundle)
        if suite.report_dir is None:
            return
        suite.page = suite.report_dir / fleet.NAME
        if hasattr(config.option, "htmlpath"):
            config.option.htmlpath = config.option.htmlpath or str(suite.report_dir / "report.html")
            config.option.self_contained_html = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict or the repair that a report carries into the run."""
        if isinstance(report, CheckReport):
            if report.kdumpcheck_result is not None:
                self.suite.run.results.append(report.kdumpcheck_result)
            return
        if report.when == "call" or not report.passed:
            test = _other(report)
            self.suite.run.tests.append(test)
            self.suite.run.others_failed += test.bad
        for remedy in getattr(report, "kdumpcheck_remedies", ()):
            self.suite.run.remedies.append(RemedyResult(**remedy))

    def pytest_keyboard_interrupt(self) -> None:
        """Remember that the run did not come to its end."""
        self.suite.run.interrupted = True

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Write the reports once all others have written theirs; a full disk is one line and takes no verdict away."""
        run = self.suite.run
        # Not what the wall clock says now: set back meanwhile, it would end the run before its start.
        run.finished = run.started + timedelta(seconds=round(time.monotonic() - self._began))
        with self._full_disk():
            yield
        if self.suite.trouble is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        run.exit_status = int(session.exitstatus)
        if self.suite.report_dir is None:
            return
        for reporter in self.suite.options.formats:
            with self._full_disk():
                write(reporter, run, self.suite.report_dir, self.suite.options.gate)
        with self._full_disk():
            fleet.write(run, self.suite.report_dir, self._earlier)
        if self.suite.trouble is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - pytest's class is not public
        """GitHub Actions reads annotations from what is printed."""
        if github.REPORTER in self.suite.options.formats:
            terminalreporter.write(github.render(self.suite.run, self.suite.options.gate))

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.suite.trouble = f"{self.suite.report_dir}: the report could not be written ({error.strerror})"
        except FormatError as error:  # a plugin's
            self.suite.trouble = str(error)


def fleet_link(suite: Suite, config: pytest.Config) -> str | None:
    """How pytest-html's page leads to the fleet page, wherever the operator has that page written."""
    page = getattr(config.option, "htmlpath", None)
    if suite.page is None or not page:
        return None
    return quote(os.path.relpath(suite.page, Path(page).parent))


def make_bundle(path: Path) -> None:
    """Make the directory that --bundle names. Raises `pytest.UsageError`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(f"--bundle {path}: {error.strerror}") from None


def _other(report: pytest.TestReport) -> OtherTest:
    path, _, name = report.nodeid.partition("::")
    problem = "skipped" if report.skipped else "" if report.passed else "failure" if report.when == "call" else "error"
    text = "" if report.passed else report.longreprtext
    ours = bool(getattr(report, "kdumpcheck_remedies", ()) or getattr(report, "kdumpcheck_proofs", ()))
    return OtherTest(path.removesuffix(".py").replace("/", "."), name, report.duration, problem, text, ours)
