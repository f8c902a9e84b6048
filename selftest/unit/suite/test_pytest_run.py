# SPDX-License-Identifier: Apache-2.0
"""A run of the suite is a run of pytest: selection, other tests, other reports, other plugins."""

from __future__ import annotations

import os
import re
from datetime import datetime, tzinfo
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from selftest.unit.site import CHECKS, Site, without_times

from kdumpcheck.fleet.progress import Progress
from kdumpcheck.probe import Probe
from kdumpcheck.suite import suite as suite_module
from kdumpcheck.suite.suite import Suite

OWN = """
from kdumpcheck import check, expect
from kdumpcheck.facts import System

@check("site.name", title="The node knows its name", source="our handbook", instruction="Ask the lab.")
def test_node_knows_its_name(system: System) -> None:
    expect(system.nodename.startswith("ncn-"), expected="a name of ours", found=system.nodename)
"""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """The sections of every probe that a run composed."""
    seen: list[set[str]] = []
    gather = Suite.gather

    def spy(self: Suite, probe: Probe, progress: Progress, *, keep: bool) -> None:
        seen.append(set(probe.sections))
        gather(self, probe, progress, keep=keep)

    monkeypatch.setattr(Suite, "gather", spy)
    return seen


class TestSelection:
    def test_all(self, site: Site, asked: list[set[str]]) -> None:
        site.keep(w001="healthy")
        site.replay()
        (sections,) = asked
        assert {"cmdline", "units", "initrds", "rootraid", "system", "packages"} <= sections

    def test_by_keyword(self, site: Site, asked: list[set[str]]) -> None:
        site.keep(w001="healthy", w002="healthy")
        assert site.replay("-k", "well_formed").ret == 0
        assert {check for _, check in site.outcomes()} == {"crashkernel.wellformed"}
        assert asked == [{"system", "packages", "cmdline"}], "it asks what the check and its cause need"

    def test_what_a_cause_needs_is_asked_too(self, site: Site, asked: list[set[str]]) -> None:
        site.keep(w001="no-crashkernel")
        site.replay("-k", "really_reserved")
        assert asked == [{"system", "packages", "reservation", "cmdline"}]

    @pytest.mark.parametrize("selection", ["really_reserved", "capture_kernel_is_loaded"])
    def test_a_cause_that_is_not_selected_hides_nothing(self, site: Site, selection: str) -> None:
        site.keep(w001="no-crashkernel")
        assert site.replay("-k", selection).ret == 1
        assert list(site.outcomes().values()) == ["fail"]

    def test_a_part_of_the_checks_is_not_praised_as_all(self, site: Site) -> None:
        site.keep(w001="healthy", w002="healthy")
        result = site.replay("-k", "ncn-w001 and (enabled or active)")
        result.stdout.fnmatch_lines([f"VERDICT: all selected checks passed on 1 node (2 of {CHECKS} checks)"])

    def test_by_node(self, site: Site) -> None:
        site.keep(w001="healthy", w002="initrd-missing")
        assert site.replay("-k", "ncn-w001").ret == 0
        assert {node for node, _ in site.outcomes()} == {"ncn-w001"}

    def test_by_node_id(self, site: Site) -> None:
        site.keep(w001="initrd-missing", w002="healthy")
        name = "tests/validation/test_service.py::test_kdump_is_enabled[ncn-w001]"
        assert site.run(name, "--replay", site.bundle).ret == 0
        assert site.outcomes() == {("ncn-w001", "service.enabled"): "pass"}

    def test_by_file(self, site: Site) -> None:
        site.keep(w001="healthy")
        site.run("tests/validation/test_initrd.py", "--replay", site.bundle)
        assert {check.split(".")[0] for _, check in site.outcomes()} == {"initrd"}

    def test_by_mark(self, site: Site) -> None:
        (site.path / "tests/validation/test_marked.py").write_text(
            OWN.replace("@check", "@pytest.mark.site_only\n@check").replace("from", "import pytest\nfrom", 1)
        )
        (site.path / "pytest.ini").write_text(
            (site.path / "pytest.ini").read_text() + "    site_only: a mark of this site\n"
        )
        site.keep(w001="healthy")
        assert site.replay("-m", "site_only").ret == 0
        assert site.outcomes() == {("ncn-w001", "site.name"): "pass"}
        site.replay("-m", "not site_only")
        assert len(site.outcomes()) == CHECKS

    def test_a_name_that_is_wrong(self, site: Site) -> None:
        site.keep(w001="healthy")
        result = site.run("tests/validation/test_service.py::test_nothing", "--replay", site.bundle)
        assert result.ret == pytest.ExitCode.USAGE_ERROR

    def test_the_first_failure_is_enough(self, site: Site) -> None:
        site.keep(w001="no-crashkernel", w002="initrd-missing")
        result = site.replay("-x")
        assert result.ret == 1
        assert list(site.outcomes().values()).count("fail") == 1
        result.stdout.fnmatch_lines(["*stopping after 1 failures*"])


class TestOtherTests:
    def test_a_sites_own_check_is_collected(self, site: Site) -> None:
        (site.path / "tests/validation/test_site.py").write_text(OWN)
        site.keep(w001="healthy")
        assert site.replay().ret == 0
        assert site.outcomes()["ncn-w001", "site.name"] == "pass"

    def test_wherever_it_is(self, site: Site) -> None:
        (site.path / "elsewhere").mkdir()
        (site.path / "elsewhere/test_site.py").write_text(OWN)
        site.keep(w001="healthy")
        assert site.run("elsewhere", "--replay", site.bundle).ret == 0
        assert site.outcomes() == {("ncn-w001", "site.name"): "pass"}

    def test_a_remedy_that_is_not_there_is_refused(self, site: Site) -> None:
        """Its advice would lead nowhere: a recovery run would do nothing."""
        text = re.sub("(remedy|instruction)=[^,)]*", 'remedy="no.such"', OWN)
        (site.path / "tests/validation/test_site.py").write_text(text)
        site.keep(w001="healthy")
        self.is_refused(site.replay(), "check site.name (*test_site.py:5) names the remedy 'no.such', and there *")

    def test_two_checks_of_one_id_are_refused_with_both_places(self, site: Site) -> None:
        (site.path / "tests/validation/test_site.py").write_text(OWN)
        (site.path / "tests/validation/test_site_copy.py").write_text(OWN)
        site.keep(w001="healthy")
        result = site.replay()
        self.is_refused(result, "two checks are called site.name: *test_site.py:5 and *test_site_copy.py:5")

    def is_refused(self, result: pytest.RunResult, words: str) -> None:
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"ERROR: {words}"])
        assert "VERDICT" not in result.stdout.str()
        assert "Traceback" not in result.stdout.str() + result.stderr.str()
        assert "INTERNALERROR" not in result.stdout.str()

    @pytest.mark.parametrize(
        "mark", ["skip", "xfail", "skipif(True, reason='x')", "usefixtures('host')", "parametrize('x', [1])"]
    )
    def test_a_mark_that_a_check_would_ignore_is_refused(self, site: Site, mark: str) -> None:
        (site.path / "tests/validation/test_site.py").write_text(
            OWN.replace("@check", f"@pytest.mark.{mark}\n@check").replace("from", "import pytest\nfrom", 1)
        )
        site.keep(w001="healthy")
        name = mark.partition("(")[0]
        self.is_refused(site.replay(), f"check site.name (*test_site.py:6) cannot obey pytest's mark '{name}': *")

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            (OWN.replace("site.name", "Site Name"), "is not lower-case words joined by dots"),
            (OWN.replace("(system: System)", "(sistem: System)"), "no fact is called 'sistem'"),
            (OWN.replace(', instruction="Ask the lab."', ""), "needs a remedy or an instruction"),
        ],
    )
    def test_a_check_that_is_not_one_is_refused(self, site: Site, wrong: str, words: str) -> None:
        (site.path / "tests/validation/test_site.py").write_text(wrong)
        site.keep(w001="healthy")
        result = site.replay()
        assert result.ret == pytest.ExitCode.INTERRUPTED
        assert words in result.stdout.str()

    def test_a_check_that_breaks_is_an_error_of_the_check(self, site: Site) -> None:
        broken = OWN.replace('system.nodename.startswith("ncn-")', "1 // 0")
        (site.path / "tests/validation/test_site.py").write_text(broken)
        site.keep(w001="healthy")
        assert site.replay().ret == 1
        assert site.outcomes()["ncn-w001", "site.name"] == "error"
        (message,) = [each["message"] for each in site.document()["results"] if each["check"] == "site.name"]
        assert message == "the check itself broke: ZeroDivisionError: integer division or modulo by zero"

    def test_an_ordinary_test_that_fails_keeps_its_traceback(self, site: Site) -> None:
        (site.path / "tests/validation/test_plain.py").write_text(
            "def test_plain():\n    secret = 41\n    assert secret == 42\n"
        )
        site.keep(w001="initrd-missing")
        result = site.replay()
        assert result.ret == 1
        result.stdout.fnmatch_lines(["*FAILURES*", "*test_plain*", "E   *assert 41 == 42"])
        assert result.stdout.str().count("initrd-6.1.0-56.deb-default-kdump") == 1, "a verdict has no block of its own"
        root = ET.parse(site.path / "reports/latest/junit.xml").getroot()
        (case,) = root.findall(".//testcase[@name='test_plain']")
        (failure,) = case.findall("failure")
        assert "assert 41 == 42" in (failure.text or "")

    def test_what_xml_cannot_hold_is_shown_as_an_escape(self, site: Site) -> None:
        message = "\x00\x08\x1b\ud800\ufffe ]]> <b>"
        (site.path / "tests/validation/test_plain.py").write_text(f"def test_plain():\n    assert 0, {message!r}\n")
        site.keep(w001="healthy")
        site.replay()
        root = ET.parse(site.path / "reports/latest/junit.xml").getroot()
        (failure,) = root.findall(".//failure")
        assert "\\u0000\\u0008\\u001b\\ud800\\ufffe ]]> <b>" in (failure.text or "")

    def test_an_ordinary_test_that_fails_fails_the_run_beside_green_checks(self, site: Site) -> None:
        (site.path / "tests/validation/test_plain.py").write_text("def test_plain():\n    assert False\n")
        site.keep(w001="healthy")
        result = site.replay()
        assert result.ret == 1
        result.stdout.fnmatch_lines(["VERDICT: 1 other test failed"])

    def test_a_file_that_cannot_be_imported_is_no_verdict_of_a_node(self, site: Site) -> None:
        (site.path / "tests/validation/test_site.py").write_text("import nowhere\n")
        site.keep(w001="healthy")
        result = site.replay()
        assert result.ret == pytest.ExitCode.INTERRUPTED
        result.stdout.fnmatch_lines(["VERDICT: the run was interrupted"])


class TestReports:
    def test_latest_is_the_newest(self, site: Site) -> None:
        site.keep(w001="healthy")
        site.replay()
        first = (site.path / "reports/latest").resolve()
        site.replay()
        second = (site.path / "reports/latest").resolve()
        assert first != second
        assert {path.name for path in second.iterdir()} == {"index.html", "junit.xml", "report.html", "results.json"}
        assert site.document(first)["run"]["started"] <= site.document(second)["run"]["started"]

    def test_a_directory_that_is_named_is_used(self, site: Site) -> None:
        site.keep(w001="healthy")
        for _ in range(2):
            assert site.replay("--report-dir", "here/there").ret == 0
        assert {path.name for path in (site.path / "here/there").iterdir()} == {
            "index.html",
            "junit.xml",
            "report.html",
            "results.json",
        }
        assert not (site.path / "reports").exists()

    def test_pytests_own_reports_go_where_the_operator_says(self, site: Site) -> None:
        site.keep(w001="healthy", w002="initrd-missing")
        site.replay("--junitxml=mine.xml", "--html=mine.html")
        root = ET.parse(site.path / "mine.xml").getroot()
        assert len(root.findall(".//testcase")) == 2 * CHECKS
        assert len(root.findall(".//failure")) == 1
        assert "ncn-w002" in (site.path / "mine.html").read_text(encoding="utf-8")
        assert not (site.path / "reports/latest/report.html").exists()
        site.document()

    def test_the_page_named_at_the_end_is_the_page_written(self, site: Site) -> None:
        site.keep(w001="healthy")
        result = site.replay("--html=over/there/mine.html")
        (line,) = [line for line in result.outlines if line.startswith("report: ")]
        page = Path(line.removeprefix("report: "))
        assert page.resolve() == (site.path / "reports/latest/index.html").resolve()
        assert "report.html" not in page.read_text(encoding="utf-8"), "it is not there, so nothing may lead to it"
        link = os.path.relpath(page, site.path / "over/there")
        assert f'href="{link}"' in (site.path / "over/there/mine.html").read_text(encoding="utf-8")

    def test_without_pytest_html_no_page_is_promised(self, site: Site) -> None:
        site.keep(w001="healthy")
        result = site.replay("-p", "no:html")
        assert result.ret == 0
        (line,) = [line for line in result.outlines if line.startswith("report: ")]
        assert Path(line.removeprefix("report: ")).is_file()


def test_with_xdist_the_results_are_the_same(site: Site) -> None:
    site.keep(w001="healthy", w002="initrd-missing", w003="no-crashkernel", w004="kernel-package-removed")
    assert site.replay().ret == 1
    alone = without_times(site.document())
    result = site.pytester.runpytest_subprocess("tests/validation", "--replay", str(site.bundle), "-n", "2")
    assert result.ret == 1
    assert without_times(site.document()) == alone


def test_a_clock_set_back_meanwhile_does_not_end_a_run_before_its_start(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Ahead:
            return cls(2030, 1, 1, tzinfo=tz)

    monkeypatch.setattr(suite_module, "datetime", Ahead)
    site.keep(w001="healthy")
    site.replay()
    run = site.document()["run"]
    assert run["started"].startswith("2030-01-01T00:00:00")
    assert run["started"] <= run["finished"] < "2030-01-01T01"
