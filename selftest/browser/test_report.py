# SPDX-License-Identifier: Apache-2.0
"""What an operator sees in the page, and that no word of a node runs in it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from selftest.browser.conftest import Dom
from selftest.unit.hostile import PWNED, SCRIPT, keep_hostile_header
from selftest.unit.kept import captured, keep, keep_lost
from selftest.unit.pretend import INITRD, PretendNode
from selftest.unit.site import CHECKS, Site

from kdumpcheck.remedies import REMEDIES

Browse = Callable[[Path], Dom]


def page_of(site: Site) -> Path:
    return site.path / "reports" / "latest" / "report.html"


def verdicts(dom: Dom) -> list[list[str]]:
    """The rows of the table of verdicts, without those that only hold a log."""
    return [row for row in dom.rows["results-table"] if len(row) == 6 and row[0] != "Result"]


def test_a_page_that_obeys_would_be_noticed(tmp_path: Path, browse: Browse) -> None:
    page = tmp_path / "naive.html"
    page.write_text(f"<!doctype html><title>plain</title><table><tr><td>{SCRIPT}</td></tr></table>")
    assert browse(page).title == PWNED


def test_no_script_of_a_node_runs_and_its_words_are_shown(site: Site, browse: Browse) -> None:
    site.bundle.mkdir()
    sections = captured("healthy")
    keep(site.bundle, "ncn-w001", {**sections, "kernels": f"running={SCRIPT}\nkver={SCRIPT}".encode()})
    keep(site.bundle, "ncn-w002", {**sections, "system": f"uname_s={SCRIPT}\nuname_r=x".encode()})
    keep_hostile_header(site.bundle, "ncn-m001")
    site.replay()
    dom = browse(page_of(site))
    assert dom.title == "kdumpcheck: will these nodes save a dump?"
    assert not [tag for tag, attrs in dom.tags if "onerror" in attrs]
    shown = [cell for row in verdicts(dom) for cell in row if SCRIPT in cell]
    assert len(shown) > 13, "what the nodes said is to be read in the table, as it was said"
    todo = [cell for row in dom.rows["kc-todo"] for cell in row if SCRIPT in cell]
    assert len(todo) >= 3


def test_every_verdict_has_a_row_and_what_is_wrong_stands_on_top(site: Site, browse: Browse) -> None:
    site.keep(w001="healthy", w002="crash-link-missing")
    keep_lost(site.bundle, "ncn-w003", "no answer on port 22 within 5 s")
    site.replay()
    dom = browse(page_of(site))
    rows = verdicts(dom)
    assert len(rows) == 3 * CHECKS
    words = {row[1]: {r[0] for r in rows if r[1] == row[1]} for row in rows}
    good = {"Passed", "Skipped"}  # what is asked of another kdump is skipped
    assert words == {"ncn-w001": good, "ncn-w002": {"Failed", *good}, "ncn-w003": {"Error"}}
    _, failed, lost = dom.rows["kc-todo"]
    assert failed[:2] == ["Failed", "ncn-w002"]
    assert "/crash is not there" in failed[3]
    assert failed[4] == "pytest tests/recovery --nodes ncn-w002 --apply"
    assert lost[:2] == ["Error", "ncn-w003"]
    assert "no answer on port 22 within 5 s" in lost[3]


def test_words_that_pytest_html_does_not_know_have_a_row_too(site: Site, browse: Browse) -> None:
    site.keep(w001="kernel-package-removed", w002="no-crashkernel", w003="initrd-missing")
    site.run("tests/recovery", "--replay", site.bundle)
    rows = verdicts(browse(page_of(site)))
    assert {row[0] for row in rows} == {"Passed", "Warning", "Failed", "Skipped", "Planned"}
    (warning,) = [row for row in rows if row[0] == "Warning"]
    assert warning[1] == "ncn-w001"
    assert warning[3].startswith("KVER is ")
    (planned,) = [row for row in rows if row[0] == "Planned"]
    assert planned[1] == "ncn-w003"
    assert len(rows) == 3 * (CHECKS + len(REMEDIES))


def test_a_repair_and_what_it_recovered_have_a_row(site: Site, browse: Browse, tmp_path: Path) -> None:
    node = PretendNode(tmp_path / "node")
    argv = (sys.executable, "-m", "pytest", "tests/recovery", "--hosts", "local://", "--apply")
    subprocess.run(node.command(*argv), capture_output=True, timeout=600, check=False)
    dom = browse(page_of(site))
    recovered = [row for row in verdicts(dom) if row[0] == "Recovered"]
    assert [row[2].rpartition(".")[2] for row in recovered] == ["rebuild", "present"]
    assert recovered[0][3] == f"rebuilt /boot/{INITRD} and loaded it"
    assert recovered[1][3] == "was: it is not there"


def test_an_ordinary_failing_test_is_shown_with_its_words(site: Site, browse: Browse) -> None:
    (site.path / "tests/validation/test_plain.py").write_text(
        f"def test_plain():\n    assert 0, {SCRIPT!r}\n", encoding="utf-8"
    )
    site.keep(w001="healthy")
    site.replay()
    dom = browse(page_of(site))
    assert dom.title != PWNED
    assert not [tag for tag, attrs in dom.tags if "onerror" in attrs]
    (row,) = [row for row in verdicts(dom) if "test_plain" in row[2]]
    assert row[0] == "Failed"
    assert PWNED in row[3]
