# SPDX-License-Identifier: Apache-2.0
"""The pytest plugin: a thin face. Without --nodes, --hosts or --replay it leaves a pytest run alone."""

from __future__ import annotations

import gc
from collections.abc import Collection, Generator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from _pytest.python import PyCollector  # not public, but the only one who knows which names are tests

from kdumpcheck import plugins, shipped
from kdumpcheck.checks import Check, check_of
from kdumpcheck.checks.judge import one_line
from kdumpcheck.guards.flights import in_order
from kdumpcheck.nodes import fold
from kdumpcheck.reporters import html, terminal
from kdumpcheck.results.run import PluginNote
from kdumpcheck.results.words import nothing_judged, result_of
from kdumpcheck.suite import confirm, host, judging, options, workers
from kdumpcheck.suite.allowances import exit_code
from kdumpcheck.suite.items import CheckItem, CheckReport, from_plain, to_plain
from kdumpcheck.suite.options import Options
from kdumpcheck.suite.recovery import CRASH, CRASH_PROOF, MARK, attach, crash_proof, rank, recover, wanted
from kdumpcheck.suite.reporting import Reporting, fleet_link
from kdumpcheck.suite.suite import SUITE, Suite

__all__ = ["crash_proof", "recover"]

#: Set when checks were collected in a run that names no nodes.
UNNAMED = pytest.StashKey[bool]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add our options."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start a run of the suite when nodes were named; tryfirst, so that reporters see where to write."""
    config.addinivalue_line("markers", f"{MARK}(ID): the remedy that a recovery test applies")
    config.addinivalue_line("markers", f"{CRASH}: crashes the node on purpose; needs --crash and --apply")
    try:  # before the options are read, since they may name what a plugin brings
        directories = map(Path, config.getoption("kdumpcheck_plugin_dir"))
        found = plugins.load(directories) if options.wants_plugins(config) else ()
    except plugins.PluginError as error:
        raise pytest.UsageError(str(error)) from None
    chosen = Options.of(config)
    if not chosen.chosen:
        return
    places = shipped.in_their_place(config.args, config.invocation_params.dir)
    if places != config.args:
        config.args[:] = places
        config.option.importmode = "importlib"  # as pytest.ini has it, which was not shipped: two files have one name
        config.stash[shipped.USED] = True
    suite = config.stash[SUITE] = Suite(chosen, workers.handed(config))
    register = config.pluginmanager.register
    suite.run.plugins = [PluginNote(**{key: one_line(value) for key, value in asdict(each).items()}) for each in found]
    register(host, "kdumpcheck-host")
    if hasattr(config, "workerinput"):
        register(workers.Worker(suite), "kdumpcheck-worker")
    elif not config.option.help and not config.option.collectonly:
        if not chosen.image.images:
            _ = suite.nodes  # a run that is refused leaves no directory, and reports/latest at the run before it
        register(Reporting(suite, config), "kdumpcheck-reporting")
        register(html.Page(suite.run, suite.judged, fleet_link(suite, config)), "kdumpcheck-html")
        if config.getoption("numprocesses", default=None):
            register(workers.Controller(suite), "kdumpcheck-controller")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Close every connection."""
    suite = config.stash.get(SUITE, None)
    if suite is not None:
        suite.close()
        # What a run leaves goes with its process: looking through 30,000 verdicts for garbage takes Python seconds.
        gc.freeze()


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which nodes are meant, so that nobody mistakes a lab for a site."""
    suite = config.stash.get(SUITE, None)
    if suite is None:
        return []
    return suite.heading() + shipped.heading(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """A run of tests/recovery ends with all of tests/validation: what counts is how the nodes are afterwards."""
    suite = session.config.stash.get(SUITE, None)
    if suite is None:
        return
    # Images and nodes are read here, once: what cannot be read is one line now, and not one for each file of checks.
    # With -q no heading has asked for them before.
    _ = suite.images, suite.nodes
    tests = shipped.tests(session.config)
    recovery, validation = tests / "recovery", tests / "validation"
    places = [Path(argument.partition("::")[0]).resolve() for argument in session.config.args]
    if any(place.is_relative_to(recovery) for place in places) and validation not in places and validation.is_dir():
        session.config.args.append(str(validation))


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> list[CheckItem] | None:
    """Make a function marked with @check one item a node."""
    check = check_of(obj)
    if check is None or not isinstance(collector, PyCollector) or not collector.funcnamefilter(name):
        return None
    suite = collector.config.stash.get(SUITE, None)
    if suite is None:
        collector.config.stash[UNNAMED] = True
        return []
    nodes = suite.judges(check)
    if not nodes:
        return []
    suite.add_check(check)
    items = [CheckItem.from_parent(collector, name=f"{name}[{node}]", check=check, node=node) for node in nodes]
    if suite.options.crash.crash:
        # A run with `-m crash` ends with all checks, too: what counts is how the node is left.
        for item in items:
            item.add_marker(CRASH)
    return items


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a recovery test once a node."""
    suite = metafunc.config.stash.get(SUITE, None)
    fixture = next((name for name in ("recover", CRASH_PROOF) if name in metafunc.fixturenames), None)
    if fixture is None:
        return
    if suite is None:
        metafunc.config.stash[UNNAMED] = True
    nodes = [node.name for node in in_order(suite.machines.values())] if suite is not None else []
    metafunc.parametrize(fixture, nodes, ids=nodes, indirect=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Repairs come first, then the checks, so that the verdict is of the node as it is left."""
    if UNNAMED in session.config.stash:
        raise pytest.UsageError("no node was named: give --nodes SET (as in --nodes 'ncn-m001,ncn-w[001-003]')")
    suite = session.config.stash.get(SUITE, None)
    if suite is not None:
        if suite.conflict is not None:
            raise pytest.UsageError(suite.conflict)
        _refuse_unknown(suite)
        _leave_out_crashes(session.config, suite, items)
        _leave_out_repairs(session.config, suite, items)
        items.sort(key=lambda item: (isinstance(item, CheckItem), rank(item)))


def _refuse_unknown(suite: Suite) -> None:
    unknown = suite.options.crash.despite - set(suite.checks)
    if unknown:
        raise pytest.UsageError(f"--despite {min(unknown)}: no check is called so (all: kdumpcheck explain)")


def _leave_out_crashes(config: pytest.Config, suite: Suite, items: list[pytest.Item]) -> None:
    """Nobody's node is crashed, nor a crash planned, without --crash."""
    crashes = [] if suite.options.crash.crash else [item for item in items if CRASH_PROOF in _fixtures(item)]
    if crashes:
        if len(crashes) == len(items):
            raise pytest.UsageError("only tests that crash a node were selected: give --crash as well (see --help)")
        items[:] = [item for item in items if item not in crashes]
        config.hook.pytest_deselected(items=crashes)


def _leave_out_repairs(config: pytest.Config, suite: Suite, items: list[pytest.Item]) -> None:
    """A booted image is judged as it is: a node that had to be repaired first would be a wrong verdict of the image."""
    repairs = [item for item in items if suite.booting is not None and "recover" in _fixtures(item)]
    if repairs:
        items[:] = [item for item in items if item not in repairs]
        config.hook.pytest_deselected(items=repairs)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Look at all nodes once; then pytest runs what are ordinary tests, and the checks are judged from memory."""
    suite = session.config.stash.get(SUITE, None)
    if suite is None or session.testsfailed or session.config.option.collectonly:
        return (yield)
    checks = [item for item in session.items if isinstance(item, CheckItem)]
    suite.selected = frozenset((item.check.id, item.node) for item in checks)
    if checks or _using("recover", session.items) or _using(CRASH_PROOF, session.items):
        _look(suite, session, [item.check for item in checks])
    if hasattr(session.config, "workerinput"):
        return (yield)
    everything, session.items = session.items, [item for item in session.items if not isinstance(item, CheckItem)]
    done = yield
    session.items = everything
    judging.judge_all(session, checks)
    return done


def _look(suite: Suite, session: pytest.Session, checks: list[Check]) -> None:
    repairs, crashes = _using("recover", session.items), _using(CRASH_PROOF, session.items)
    if suite.booting is not None:
        suite.booting.boot(suite.options.boot_deadline, terminal.lines(session.config), suite.report_dir)
    with terminal.progress(session.config) as progress:
        probe = suite.probe(None if repairs or crashes or suite.options.bundle else checks)
        suite.gather(probe, progress, keep=repairs or crashes or _using("host", session.items))

    if repairs:
        suite.wanted = wanted(session.items)
        suite.make_plans()
    if crashes:
        suite.tell_crash = terminal.crash_progress(session.config)
        suite.run.plan += suite.proofs.steps([node.name for node in in_order(suite.machines.values())])
    asks = not suite.options.yes and suite.booting is None  # nobody else has the node that an image is booted as
    if suite.apply and asks and any(step.possible for step in suite.run.plan):
        suite.apply = confirm.confirmed(session.config, terminal.plan_lines(suite.run), fold(suite.nodes))


def _using(fixture: str, items: list[pytest.Item]) -> bool:
    return any(fixture in _fixtures(item) for item in items)


def _fixtures(item: pytest.Item) -> Collection[str]:
    names: Collection[str] = getattr(item, "fixturenames", ())
    return names


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    """Judge a check where somebody else runs the loop, as in a worker process."""
    if not isinstance(item, CheckItem):
        return None
    item.config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    judging.judge(item)
    item.config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_report_to_serializable(report: object) -> dict[str, Any] | None:
    """Send a verdict from a worker process."""
    return to_plain(report) if isinstance(report, CheckReport) else None


@pytest.hookimpl(tryfirst=True)
def pytest_report_from_serializable(data: dict[str, Any]) -> CheckReport | None:
    """Take a verdict from a worker process."""
    return from_plain(data)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Put what a recovery test did onto its report."""
    report = yield
    attach(item, report)
    return report


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    """Give warnings and recoveries a word of their own."""
    result = result_of(report)
    return terminal.status(result.outcome, report.outcome) if result is not None else terminal.repair_status(report)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """No check at all is a mistake of the command line, never a good result; nor are checks that judged nothing."""
    suite = session.config.stash.get(SUITE, None)
    if suite is None:
        return
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED or (
        exitstatus == pytest.ExitCode.OK and nothing_judged(suite.run.results)
    ):
        session.exitstatus = pytest.ExitCode.USAGE_ERROR
        return
    allowances = suite.options.allowances
    ended = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    if allowances is not None and ended and not hasattr(session.config, "workerinput"):
        gate = suite.options.gate
        today = datetime.now(UTC).date()
        suite.judgement = allowances.judge(suite.run, today, strict_warnings=gate.strict_warnings)
        session.exitstatus = exit_code(session, suite.run, gate, suite.judgement)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: Any, exitstatus: int, config: pytest.Config) -> Generator[None]:  # noqa: ANN401 - not public
    """Say what to do now, instead of pytest's block for each single verdict."""
    suite = config.stash.get(SUITE, None)
    if suite is None or exitstatus == pytest.ExitCode.USAGE_ERROR:
        return (yield)
    terminal.summary(terminalreporter, suite.run, suite.page, suite.trouble)
    if suite.judgement is not None:
        for line in suite.judgement.lines():
            terminalreporter.line(line)
    with terminal.verdicts_hidden(terminalreporter):
        return (yield)
