# SPDX-License-Identifier: Apache-2.0
"""Collects what a run says and writes its reports, also when it is interrupted."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from kdumpcheck.reporters import directory, junit, results_json
from kdumpcheck.reporters.directory import ReportError
from kdumpcheck.reporters.junit import OtherTest
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.items import CheckReport
from kdumpcheck.suite.suite import Suite


class Reporting:
    """Makes the report directory at the start and fills it at the end."""

    def __init__(self, suite: Suite, config: pytest.Config) -> None:
        """Make the directory and tell pytest's own reporters where to write, unless the operator did."""
        self.suite = suite
        self._began = time.monotonic()
        self.others: list[OtherTest] = []
        options = suite.options
        try:
            suite.report_dir = directory.make(config.rootpath / "reports", options.report_dir, suite.run.started)
        except ReportError as error:
            raise pytest.UsageError(str(error)) from None
        if options.bundle is not None:
            make_bundle(options.bundle)
        suite.page = suite.report_dir / "results.json"
        if hasattr(config.option, "htmlpath"):
            config.option.htmlpath = config.option.htmlpath or str(suite.report_dir / "report.html")
            config.option.self_contained_html = True
            suite.page = Path(config.option.htmlpath)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take the verdict or the repair that a report carries into the run."""
        if isinstance(report, CheckReport):
            if report.kdumpcheck_result is not None:
                self.suite.run.results.append(report.kdumpcheck_result)
            return
        if report.when == "call" or not report.passed:
            self.others.append(_other(report))
            self.suite.run.others_failed += report.failed and not getattr(report, "kdumpcheck_remedies", ())
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
        run.finished = run.started + timedelta(seconds=time.monotonic() - self._began)
        with self._full_disk():
            yield
        if self.suite.trouble is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        run.exit_status = int(session.exitstatus)
        if self.suite.report_dir is None:
            return
        with self._full_disk():
            results_json.write(run, self.suite.report_dir)
            strict = self.suite.options.strict_warnings
            junit.write(run, self.others, self.suite.report_dir / "junit.xml", strict_warnings=strict)
        if self.suite.trouble is not None and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @contextmanager
    def _full_disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.suite.trouble = f"{self.suite.report_dir}: the report could not be written ({error.strerror})"


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
    return OtherTest(path.removesuffix(".py").replace("/", "."), name, report.duration, problem, text)
