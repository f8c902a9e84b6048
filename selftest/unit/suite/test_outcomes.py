# SPDX-License-Identifier: Apache-2.0
"""Each outcome, from evidence to terminal, JUnit, results.json and exit code."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from selftest.unit.kept import captured, keep, keep_lost
from selftest.unit.site import CHECKS, Site

LOST = "no answer on port 22 within 5 s"


def letters(result: pytest.RunResult, file: str) -> str:
    """The letters that pytest printed for one file."""
    (line,) = [line for line in result.outlines if line.startswith(f"tests/validation/{file} ")]
    return line.split()[1]


def junit(site: Site) -> ET.Element:
    return ET.parse(site.path / "reports" / "latest" / "junit.xml").getroot()


def words_of(site: Site) -> set[str]:
    """All outcomes, but for the checks that are of another kdump."""
    return {word for (_, check), word in site.outcomes().items() if not check.startswith(("savecore.", "kdumpconf."))}


def test_pass(site: Site) -> None:
    site.keep(w001="healthy", w002="healthy")
    result = site.replay()
    assert result.ret == 0
    assert set(letters(result, "test_service.py")) == {"."}
    assert words_of(site) == {"pass"}
    result.stdout.fnmatch_lines(["VERDICT: all checks passed on 2 nodes"])
    assert not junit(site).findall(".//failure")
    assert len(junit(site).findall(".//testcase")) == len(site.outcomes()) == 2 * CHECKS


def test_fail(site: Site) -> None:
    site.keep(w001="healthy", w002="service-not-enabled")
    result = site.replay()
    assert result.ret == 1
    assert "F" in letters(result, "test_service.py")
    assert [key for key, word in site.outcomes().items() if word == "fail"] == [("ncn-w002", "service.enabled")]
    result.stdout.fnmatch_lines(
        [
            "FAIL  ncn-w002: *kdump.service disabled*expected kdump.service enabled",
            "      do: pytest tests/recovery --nodes ncn-w002 --apply",
            "VERDICT: 1 of 2 nodes cannot be trusted to save a dump",
        ]
    )
    (failure,) = junit(site).findall(".//failure")
    assert "kdump.service disabled" in failure.get("message", "")
    assert not junit(site).findall(".//error")


def test_a_failure_that_can_be_mended_names_the_command_for_all_its_nodes(site: Site) -> None:
    site.keep(w001="initrd-missing", w002="initrd-missing", m001="healthy")
    site.replay().stdout.fnmatch_lines(
        ["FAIL  ncn-w[[]001-002]: *", "      do: pytest tests/recovery --nodes 'ncn-w[[]001-002]' --apply"]
    )


def test_warn(site: Site) -> None:
    site.keep(w001="kernel-package-removed")
    result = site.replay()
    assert result.ret == 0
    assert "w" in letters(result, "test_kernel.py")
    result.stdout.fnmatch_lines(["WARN  ncn-w001: *KVER is *", "VERDICT: no check failed on 1 node, 1 warning"])
    result.stdout.fnmatch_lines(["*passed, *skipped, 1 warned in *"])
    assert not junit(site).findall(".//failure")
    assert site.replay("-v").stdout.str().count(" WARN ") == 1


def test_strict_warnings(site: Site) -> None:
    site.keep(w001="kernel-package-removed")
    result = site.replay("--strict-warnings")
    assert result.ret == 1
    assert site.document()["run"]["counts"]["warn"] == 1
    assert len(junit(site).findall(".//failure")) == 1


class TestCouldNotLook:
    """It is an error in every report, and never a word about the node."""

    def is_error(self, site: Site, result: pytest.RunResult, words: str, number: int) -> None:
        assert result.ret == 1
        errors = [each for each in site.document()["results"] if each["outcome"] == "error"]
        assert len(errors) == number == len(junit(site).findall(".//error"))
        assert all(words in each["message"] for each in errors)
        assert all(words in each.get("message", "") for each in junit(site).findall(".//error"))
        assert not [word for word in site.outcomes().values() if word in {"fail", "warn"}]
        assert sum(int(suite.get("errors", "0")) for suite in junit(site).findall("testsuite")) == number
        result.stdout.fnmatch_lines([f"*{number} error*"])

    def test_a_lost_node(self, site: Site) -> None:
        site.keep(w001="healthy")
        keep_lost(site.bundle, "ncn-w002", LOST)
        result = site.replay()
        assert letters(result, "test_crashkernel.py").replace(".E", "") == ""
        self.is_error(site, result, LOST, CHECKS)
        result.stdout.fnmatch_lines(
            [f"ERROR ncn-w002: could not look: {LOST}", "VERDICT: 1 of 2 nodes could not be judged"]
        )
        assert len([line for line in result.outlines if LOST in line]) == 1, "one cause, one line"

    def test_a_missing_section(self, site: Site) -> None:
        sections = captured("healthy")
        del sections["units"]
        keep(site.bundle, "ncn-w001", sections)
        self.is_error(site, site.replay(), "no evidence of 'units': it was not asked", 3)
        assert {check for (_, check), word in site.outcomes().items() if word == "error"} == {
            "service.enabled",
            "service.active",
            "initrd.loaded",
        }

    def test_an_answer_that_was_cut(self, site: Site) -> None:
        sections = captured("healthy")
        units = sections.pop("units")
        # The captured node was not asked this one yet; here it has been, and has no dumps.
        keep(site.bundle, "ncn-w001", {**sections, "dumps.vmcores": b"", "units": units}, ended=False)
        self.is_error(site, site.replay(), "no whole evidence of 'units': the connection was lost", 3)

    def test_an_answer_that_ended_early(self, site: Site) -> None:
        sections = captured("healthy")
        kept = {name: sections[name] for name in ("settle", "system", "packages", "cmdline", "reservation", "units")}
        keep(site.bundle, "ncn-w001", kept, ended=False)
        result = site.replay()
        assert result.ret == 1
        words = words_of(site)
        assert words == {"pass", "error"}, "what was told is still judged"

    def test_another_system(self, site: Site) -> None:
        sections = captured("healthy")
        told = sections["system"].replace(b"uname_s=Linux", b"uname_s=SunOS")
        keep(site.bundle, "ncn-w001", {**sections, "system": told})
        self.is_error(site, site.replay(), "this node runs SunOS, not Linux; take it out of the node set", CHECKS)

    def test_no_kdump(self, site: Site) -> None:
        keep(site.bundle, "ncn-w001", {**captured("healthy"), "packages": b"asked\trpm\n"})
        self.is_error(site, site.replay(), "no kdump implementation that kdumpcheck knows is installed", CHECKS)


def test_what_follows_from_another_failure_is_skipped_and_names_it(site: Site) -> None:
    site.keep(w001="no-crashkernel")
    result = site.replay()
    assert result.ret == 1
    failed = [check for (_, check), word in site.outcomes().items() if word == "fail"]
    assert failed == ["crashkernel.present"]
    skipped = [each for each in site.document()["results"] if each["cause"]]
    assert len(skipped) > 2
    for each in skipped:
        assert each["cause"] == "crashkernel.present"
        assert each["message"].startswith("follows from crashkernel.present: ")
    assert len(junit(site).findall(".//skipped")) >= len(skipped)
    assert "s" in letters(result, "test_service.py")
    assert "follows from" not in result.stdout.str(), "the list of what to do names the cause alone"


def test_all_cases_in_one_run_agree_with_their_table(site: Site) -> None:
    site.keep(w001="healthy", w002="unloaded", w003="crashkernel-mixed", w004="rootraid-label-gone")
    site.replay()
    bad = {key: word for key, word in site.outcomes().items() if word in {"fail", "warn", "error"}}
    assert bad == {
        ("ncn-w002", "service.loaded"): "fail",
        ("ncn-w003", "crashkernel.wellformed"): "warn",
        ("ncn-w004", "rootraid.mounted"): "fail",
    }
