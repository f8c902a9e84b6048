# SPDX-License-Identifier: Apache-2.0
"""The fleet page as text: what stands in it, how large it is, and which script it lets run."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from selftest.unit.documents import fleet_document, full_run, plain, read_again
from selftest.unit.hostile import EVIL, SCRIPT

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters import fleet
from kdumpcheck.reporters.fleet.todo import MOST

SIZE = 5_000_000


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


def test_nothing_but_its_own_script_and_style_may_run() -> None:
    page = fleet.page(read_again(plain(full_run("x"))))
    (policy,) = re.findall(r'Content-Security-Policy" content="(.*?)"', page)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (script, style)]
    assert policy.startswith(f"default-src 'none'; script-src {hashes[0]}; style-src {hashes[1]};")
    assert "unsafe" not in policy
    assert not re.findall(r"\s(?:style|on[a-z]+)=", page.replace(script, ""))
    assert "://" not in page.replace(data_of(page)["nodes"][0][2], ""), "it needs nothing from anywhere"


def test_no_word_is_markup_wherever_it_stands() -> None:
    evil = EVIL.decode(errors="replace")
    plain_page, page = fleet.page(read_again(plain(full_run("x")))), fleet.page(read_again(plain(full_run(evil))))
    for tag in ("<script", "<img", "<td", "<li", "</script", "<!--"):
        assert page.count(tag) == plain_page.count(tag), tag
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]", page)
    assert SCRIPT not in page
    assert "&lt;script&gt;" in page, "what was said is to be read all the same"


def test_a_word_like_a_field_of_the_template_is_a_word() -> None:
    page = fleet.page(read_again(plain(full_run("@@script@@"))))
    assert page.count('"use strict"') == 1
    assert "@@script@@" in page


def test_every_verdict_is_in_the_data() -> None:
    document = plain(full_run("said"))
    data = data_of(fleet.page(read_again(document)))
    words = ("fail", "error", "warn", "recovered", "skip", "pass")
    ids = [check["id"] for check in data["checks"]]
    found = {
        (name, ids[place]): words[data["cells"][cell][0]]
        for name, *_, row in data["nodes"]
        for place, cell in enumerate(row)
        if cell >= 0
    }
    assert found == {(each["node"], each["check"]): each["outcome"] for each in document["results"]}
    assert data["nodes"][0][0] == "ncn-w001", "a node that failed stands above one that could not be judged"


@pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL])
def test_a_fleet_in_which_every_node_says_something_else_still_fits(outcome: Outcome) -> None:
    page = fleet.page(read_again(fleet_document(1000, 50, outcome, said="long " * 60)))
    assert len(page.encode()) < SIZE
    assert data_of(page)["cut"] is True
    assert len(data_of(page)["nodes"]) == 1000


def test_what_is_wrong_is_told_whole_where_green_words_had_to_be_cut() -> None:
    document = fleet_document(1000, 50, said="long " * 60)
    document["results"][7].update(outcome="fail", found="the one that matters " * 20)
    cells = data_of(fleet.page(read_again(document)))["cells"]
    (failed,) = [cell for cell in cells if cell[0] == 0]
    assert failed[3] == document["results"][7]["found"]


def test_equal_findings_are_one_with_a_node_set_and_a_command_to_paste() -> None:
    document = fleet_document(20, 2)
    for result in document["results"][:10]:
        result["outcome"], result["remedy"] = "fail", "part.mend"
    todo = fleet.page(read_again(document)).partition('id="todo"')[2].partition("</section>")[0]
    assert todo.count("<li ") == 2
    assert "ncn-w[0001-0005]" in todo
    assert "pytest tests/recovery --nodes &#x27;ncn-w[0001-0005]&#x27; --apply" in todo


def test_a_node_is_told_what_to_do_for_its_own_kdump() -> None:
    """One node has the check's own kdump, one another, and for a third the repair does not fit."""
    document = fleet_document(3, 1, Outcome.FAIL)
    document["checks"][0]["remedy"] = "part.mend"
    for result, own, refused in zip(document["results"], ("", "Do that.", ""), ("", "", "not ours"), strict=True):
        result.update(remedy="part.mend", instruction=own, refused=refused)
    page = fleet.page(read_again(document))
    data = data_of(page)
    told = {name: data["advice"][data["cells"][row[0]][5]] for name, *_, row in data["nodes"]}
    repair = "pytest tests/recovery --nodes @node@ --apply"
    assert told == {"ncn-w0001": ["Do this.", repair], "ncn-w0002": ["Do that.", repair], "ncn-w0003": ["Do this.", ""]}


def test_only_what_is_wrong_is_told_what_to_do() -> None:
    data = data_of(fleet.page(read_again(plain(full_run("said")))))
    words = ("fail", "error", "warn", "recovered", "skip", "pass")
    assert {words[cell[0]] for cell in data["cells"] if cell[5] >= 0} == {"fail", "warn"}


def test_more_findings_than_anybody_reads_are_counted() -> None:
    page = fleet.page(read_again(fleet_document(MOST + 30, 1, Outcome.FAIL, said="x")))
    todo = page.partition('id="todo"')[2].partition("</section>")[0]
    assert todo.count("<li ") == MOST
    assert "30 more findings are in the table of nodes below" in todo


def test_repairs_that_are_equal_are_one_and_failed_ones_stand_first() -> None:
    document = plain(full_run("said"))
    document["remedies"].append({**document["remedies"][0], "node": "ncn-w002"})
    document["remedies"].append({**document["remedies"][0], "name": "part.idle", "changes": {}})
    section = fleet.page(read_again(document)).partition('id="repairs"')[2].partition("</section>")[0]
    assert re.findall(r"</span> (\w+)</b>", section) == ["Failed", "Done", "Planned"]
    assert "ncn-w[001-002]" in section
    assert "part.idle" not in section, "there was nothing to do"


def test_a_crash_has_its_timeline() -> None:
    section = fleet.page(read_again(plain(full_run("said")))).partition('id="proofs"')[2]
    bars = re.findall(r'<rect x="([\d.]+)" y="2" width="([\d.]+)"', section)
    assert bars == [("0.8", "19.2"), ("20.0", "30.0"), ("50.0", "50.0")]


def test_a_run_that_is_not_good_is_never_green() -> None:
    document = fleet_document(3, 2)
    assert 'class="verdict good"' in fleet.page(read_again(document))
    document["run"]["exit_status"] = 1
    page = fleet.page(read_again(document))
    assert 'class="verdict good"' not in page
    assert "but the run ended with exit status 1" in page


def test_an_interrupted_run_says_how_far_it_came() -> None:
    document = fleet_document(3, 2)
    document["run"].update(interrupted=True, exit_status=2)
    del document["results"][4:]
    page = fleet.page(read_again(document))
    assert "The run was interrupted" in page.replace("the run", "The run")
    assert "4 of up to 6 verdicts were given" in page


def test_it_leads_only_to_reports_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "results.json").touch()
    page = fleet.write(read_again(fleet_document(1, 1)), tmp_path).read_text(encoding="utf-8")
    assert 'href="results.json"' in page
    assert 'href="report.html"' not in page
    assert "@@" not in page
