# SPDX-License-Identifier: Apache-2.0
"""What must not fail this run: what an earlier one says already, and what somebody answers for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError
from kdumpcheck.reporters.reporter import Gate, failed
from kdumpcheck.results.gate import Allowances, Judgement
from kdumpcheck.results.read import ResultsError
from kdumpcheck.results.run import Run


def add(group: pytest.OptionGroup) -> None:
    """Add the options to pytest's command line."""
    group.addoption(
        "--baseline",
        dest="kdumpcheck_baseline",
        metavar="RUN",
        help="an earlier run (results.json, or its directory): what was already so does not fail this one",
    )
    group.addoption(
        "--waivers",
        dest="kdumpcheck_waivers",
        metavar="FILE",
        help="YAML (check, nodes, reason, owner, expires): what is waived does not fail the run; one that is over does",
    )


def allowances_of(config: pytest.Config) -> Allowances | None:
    """Read both files, before any node is touched; None where neither is given. Raises `pytest.UsageError`."""
    baseline, waivers = config.getoption("kdumpcheck_baseline"), config.getoption("kdumpcheck_waivers")
    # A worker process (pytest-xdist) judges no run, and may find `reports/latest` to be this run's already.
    if (baseline is None and waivers is None) or hasattr(config, "workerinput"):
        return None
    try:
        return Allowances.read(*(None if path is None else Path(path).expanduser() for path in (baseline, waivers)))
    except (ResultsError, InventoryError) as error:
        option = "--baseline" if isinstance(error, ResultsError) else "--waivers"
        raise pytest.UsageError(f"{option}: {error}") from None


def exit_code(session: pytest.Session, run: Run, gate: Gate, judgement: Judgement) -> pytest.ExitCode:
    """The exit code of a run that came to its end: 1 where the gate is closed, or something failed that is no check."""
    of_checks = sum(failed(result, gate) for result in run.results)
    # What a run that stopped at its first failure did not judge, nobody can excuse.
    stopped = bool(session.shouldfail or session.shouldstop)
    beside = session.testsfailed > of_checks
    closed = judgement.closed or stopped or beside
    return pytest.ExitCode.TESTS_FAILED if closed else pytest.ExitCode.OK
