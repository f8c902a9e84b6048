# SPDX-License-Identifier: Apache-2.0
"""Running check items: from memory, without pytest's setup and teardown, telling all who listen to reports."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from kdumpcheck.reporters import html
from kdumpcheck.suite.items import CheckItem, closing, verdict
from kdumpcheck.suite.suite import SUITE


def judge_all(session: pytest.Session, items: Iterable[CheckItem]) -> None:
    """Judge the items one after the other; stops as pytest does for -x, --maxfail and plugins that say stop.

    pytest's own loop asks a dozen plugins before and after each item. None of them has anything to do with a
    verdict, and a fleet has tens of thousands.
    """
    verbose, path = session.config.get_verbosity() > 0, Path()
    for item in items:
        if verbose or item.path != path:
            path = item.path
            session.config.hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        judge(item)
        session.config.hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)


def judge(item: CheckItem) -> None:
    """Judge one item and report it."""
    suite = item.config.stash[SUITE]
    result = suite.result(item.check, item.node)
    report = verdict(item, result, strict_warnings=suite.options.strict_warnings)
    if not html.has_row(item.config, item.session.testscollected, result):
        html.other_listeners(item.config)(report=report)
        return
    # pytest-html takes an item only with the report of its teardown.
    item.config.hook.pytest_runtest_logreport(report=report)
    item.config.hook.pytest_runtest_logreport(report=closing(item, result))
