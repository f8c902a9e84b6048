# SPDX-License-Identifier: Apache-2.0
"""What changed since the run before, on the fleet page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from selftest.unit.documents import fleet_document, read_again
from selftest.unit.site import Site, site

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters import fleet
from kdumpcheck.reporters.fleet.changes import changes, earlier_run

__all__ = ["site"]


def test_what_is_new_and_what_is_gone_is_told_by_node_sets(tmp_path: Path) -> None:
    before, now = fleet_document(4, 2), fleet_document(4, 2)
    before["results"][0] |= {"outcome": "fail", "found": "old"}
    for place in (2, 4):
        now["results"][place] |= {"outcome": "fail", "found": "broken"}
    (tmp_path / "results.json").write_text(json.dumps(before))
    page = changes(read_again(now), earlier_run(tmp_path / "results.json"))
    assert "What changed since 2026-11-22 12:00:00 UTC" in page
    assert page.index("New</b>") < page.index("ncn-w[0002-0003]") < page.index("Gone</b>") < page.index("ncn-w0001")


def test_nothing_new_is_said_to_be_nothing() -> None:
    run = read_again(fleet_document(2, 2, Outcome.FAIL))
    assert "Nothing: all that is wrong was already so." in changes(run, run)


def test_nodes_of_only_one_run_are_no_change() -> None:
    one, two = read_again(fleet_document(1, 2, Outcome.FAIL)), read_again(fleet_document(3, 2, Outcome.FAIL))
    assert "Nothing: " in changes(two, one)
    one.nodes.clear()
    assert changes(two, one) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", '{"kdumpcheck-results": 99}', '{"kdumpcheck-results": 1}'])
def test_an_earlier_run_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "results.json").write_text(text)
    assert earlier_run(tmp_path / "results.json") is None
    assert fleet.page(read_again(fleet_document(1, 1)), earlier=None)


def test_two_runs_in_one_place_are_compared(site: Site) -> None:
    site.keep(w001="healthy")
    site.replay()
    site.keep(w001="unloaded")
    site.replay()
    page = (site.path / "reports" / "latest" / "index.html").read_text()
    assert '<section id="changes">' in page
    assert 'New</b> <b class="nodes">ncn-w001' in page
