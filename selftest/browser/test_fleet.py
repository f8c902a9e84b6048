# SPDX-License-Identifier: Apache-2.0
"""The fleet page in a real browser: what an operator sees, and that no word of a node runs in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from selftest.browser.conftest import Dom
from selftest.unit.documents import fleet_document, full_run, plain, read_again
from selftest.unit.hostile import EVIL, PWNED, SCRIPT, keep_hostile_header
from selftest.unit.kept import captured, keep
from selftest.unit.site import CHECKS, Site

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters import fleet

Browse = Callable[..., Dom]
TITLE = "kdumpcheck: will these nodes save a dump?"


@pytest.fixture
def opened(browse: Browse, tmp_path: Path) -> Callable[..., Dom]:
    """The page of a document in the browser: `opened(document, "#ncn-w001")`."""

    def dom(document: dict[str, Any], fragment: str = "") -> Dom:
        return browse(fleet.write(read_again(document), tmp_path), fragment)

    return dom


def rows(dom: Dom) -> list[list[str]]:
    """The rows of the table of nodes, without its head."""
    return dom.rows["matrix"][1:]


def test_no_script_of_a_node_runs_in_the_page_of_a_run(site: Site, browse: Browse) -> None:
    site.bundle.mkdir()
    sections = captured("healthy")
    keep(site.bundle, "ncn-w001", {**sections, "kernels": f"running={SCRIPT}\nkver={SCRIPT}".encode()})
    keep_hostile_header(site.bundle, "ncn-m001")
    site.replay()
    dom = browse(site.path / "reports" / "latest" / "index.html", "#ncn-w001")
    assert dom.title == TITLE
    assert not [tag for tag, attrs in dom.tags if "onerror" in attrs or tag == "img"]
    assert dom.text.count(SCRIPT) >= 3, "what the nodes said is to be read, as it was said"
    assert len(rows(dom)) == 2
    assert {len(row) for row in rows(dom)} == {1 + CHECKS}


@pytest.mark.parametrize("node", ["ncn-w001", "ncn-w002"])
def test_no_word_in_any_field_runs(opened: Callable[..., Dom], node: str) -> None:
    dom = opened(plain(full_run(EVIL.decode(errors="replace"))), f"#{node}")
    assert dom.title == TITLE
    assert not [tag for tag, attrs in dom.tags if "onerror" in attrs or tag == "img"]
    # Before the script, and by it: in the list of what to do, and in the node's section.
    assert PWNED in dom.texts["todo"]
    assert PWNED in dom.texts["detail"]


def test_script_in_the_page_would_be_stopped_by_its_policy(browse: Browse, tmp_path: Path) -> None:
    """Were a word ever put in as markup, it still would not run."""
    page = fleet.write(read_again(fleet_document(1, 1)), tmp_path)
    obeying = page.read_text(encoding="utf-8").replace("<main>", f"<main>{SCRIPT}")
    page.write_text(obeying, encoding="utf-8")
    dom = browse(page)
    assert "onerror" in {name for _, attrs in dom.tags for name in attrs}
    assert dom.title == TITLE
    page.write_text(obeying.replace("Content-Security-Policy", "x"), encoding="utf-8")
    assert browse(page).title == PWNED


def test_each_outcome_has_a_sign_of_its_own_and_the_worst_stands_first(opened: Callable[..., Dom]) -> None:
    first, second = rows(opened(plain(full_run("said"))))
    assert first[0] == "ncn-w001"
    assert sorted(first[1:]) == sorted("✗?!↻-✓")
    assert first[1] == "✗", "the check that fails is seen without scrolling sideways"
    assert second == ["ncn-w002", *"??????"]


def test_what_applies_to_no_node_stands_last(opened: Callable[..., Dom]) -> None:
    document = fleet_document(2, 4)
    for result in document["results"]:
        if result["check"] == "part.check-1":
            result.update(outcome="skip", message="does not apply", expected="", found="")
    assert rows(opened(document)) == [["ncn-w0001", *"✓✓✓-"], ["ncn-w0002", *"✓✓✓-"]]


def test_a_nodes_section_tells_what_was_found_and_what_to_do(opened: Callable[..., Dom]) -> None:
    text = opened(plain(full_run("as it said")), "#ncn-w001").texts["detail"]
    assert text.count("as it said") > 10
    assert "pytest tests/recovery --nodes ncn-w001 --apply" in text
    assert "or: Do this." in text
    assert "Source: manual page" in text
    assert "Proved by a crash" in text
    assert "as it said → as it said" in text


def test_a_thousand_nodes_are_there_and_the_page_says_how_many_are_shown(opened: Callable[..., Dom]) -> None:
    document = fleet_document(1000, 50, said="different everywhere")
    document["results"][-1]["outcome"] = Outcome.FAIL.value
    dom = opened(document, "#ncn-w0777")
    assert rows(dom)[0][:2] == ["ncn-w1000", "✗"]
    assert "60 shown of 1000 nodes that match" in dom.texts["shown"]
    assert "ncn-w0777" in dom.texts["detail"], "a node that is not among those shown has its section, too"


_KEY = "new KeyboardEvent('keydown', {key: '%s', bubbles: true})"
_SEARCH = "const box = document.getElementById('search'); box.value = '%s'; box.dispatchEvent(new Event('input'));"


@pytest.mark.parametrize(
    ("hand", "names", "columns"),
    [
        (_SEARCH % "W002", ["ncn-w002"], 6),
        (_SEARCH % "check-1", ["ncn-w001", "ncn-w002"], 1),
        (_SEARCH % "w001 check-1", ["ncn-w001"], 1),
        (_SEARCH % "nothing-like-it", [], 6),
        ("document.querySelector('button[data-outcome=\"0\"]').click();", ["ncn-w001"], 6),
        (f"document.body.dispatchEvent({_KEY % 'Escape'});", ["ncn-w001", "ncn-w002"], 6),
    ],
)
def test_a_hand_on_the_filters_narrows_the_table(
    browse: Browse, tmp_path: Path, hand: str, names: list[str], columns: int
) -> None:
    """The hand is a script, put in where the policy is taken out: the browser here has no mouse."""
    page = fleet.write(read_again(plain(full_run("said"))), tmp_path)
    text = page.read_text(encoding="utf-8").replace("Content-Security-Policy", "x")
    page.write_text(text.replace("</body>", f"<script>{hand}</script></body>"), encoding="utf-8")
    dom = browse(page, "#ncn-w001")
    assert [row[0] for row in rows(dom)] == names
    assert len(dom.rows["matrix"][0]) == 1 + columns
    detail = next(attrs for _, attrs in dom.tags if attrs.get("id") == "detail")
    assert ("hidden" in detail) == ("Escape" in hand)
