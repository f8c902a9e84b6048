# SPDX-License-Identifier: Apache-2.0
"""A run that must fail on what is new alone: its verdicts stay, its exit code follows baseline and waivers."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from selftest.unit.kept import keep_lost
from selftest.unit.site import Site

from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results import Run
from kdumpcheck.results.gate import Judgement
from kdumpcheck.suite.allowances import exit_code

WAIVER = """waivers:
  - check: service.enabled
    nodes: ncn-w[001-009]
    reason: enabled after the upgrade
    owner: platform team
    expires: {expires}
"""


def waived(site: Site, expires: str = "2999-12-31") -> Path:
    path = site.path / "waivers.yaml"
    path.write_text(WAIVER.format(expires=expires))
    return path


def baseline(site: Site) -> Path:
    """A kept copy of the newest run."""
    return Path(shutil.copytree((site.path / "reports" / "latest").resolve(), site.path / "before"))


def gate(result: pytest.RunResult) -> list[str]:
    words = ("FAIL     ", "TROUBLE", "EXPIRED", "WARN     ", "SAME", "WAIVED", "UNUSED", "GATE")
    return [line for line in result.outlines if line.startswith(words)]


def test_what_was_already_so_does_not_fail_the_run_and_stays_a_failure_in_its_reports(site: Site) -> None:
    site.keep(w001="healthy", w002="service-not-enabled")
    assert site.replay().ret == 1
    result = site.replay("--baseline", baseline(site))
    assert result.ret == 0
    assert gate(result)[0].startswith("SAME     ncn-w002: ")
    assert gate(result)[-1] == "GATE     open: 0 failing, 1 already so, 0 waived"
    assert site.outcomes()["ncn-w002", "service.enabled"] == "fail"
    assert site.document()["run"]["exit_status"] == 0
    result.stdout.fnmatch_lines(["VERDICT: 1 of 2 nodes cannot be trusted to save a dump"])


def test_the_newest_run_may_be_the_baseline(site: Site) -> None:
    site.keep(w002="service-not-enabled")
    assert site.replay().ret == 1
    assert site.replay("--baseline", "reports/latest").ret == 0
    assert site.replay("--baseline", "reports/latest", "-n", "2").ret == 0


def test_what_is_new_fails_it(site: Site) -> None:
    site.keep(w001="healthy", w002="service-not-enabled")
    site.replay()
    before = baseline(site)
    site.keep(w001="initrd-missing")
    result = site.replay("--baseline", before)
    assert result.ret == 1
    assert [line.split(":")[0] for line in gate(result)] == [
        "FAIL     ncn-w001",
        "SAME     ncn-w002",
        "GATE     closed",
    ]


def test_a_node_that_cannot_be_looked_at_any_more_is_new(site: Site) -> None:
    site.keep(w001="healthy", w002="healthy")
    site.replay()
    before = baseline(site)
    keep_lost(site.bundle, "ncn-w002", "no answer on port 22")
    result = site.replay("--baseline", before)
    assert result.ret == 1
    assert gate(result)[0].startswith("FAIL     ncn-w002: ")
    assert site.replay("--baseline", "reports/latest").ret == 0


def test_what_is_waived_does_not_fail_it_until_its_day_is_over(site: Site) -> None:
    site.keep(w002="service-not-enabled")
    result = site.replay("--waivers", waived(site))
    assert result.ret == 0
    assert "platform team: enabled after the upgrade" in gate(result)[0]
    over = site.replay("--waivers", waived(site, "2020-01-31"))
    assert over.ret == 1
    assert "EXPIRED  " in "\n".join(gate(over))


def test_an_expired_waiver_fails_a_green_run_and_an_unused_one_is_told(site: Site) -> None:
    site.keep(w001="healthy")
    unused = site.replay("--waivers", waived(site))
    assert (unused.ret, gate(unused)[0].split()[0]) == (0, "UNUSED")
    expired = site.replay("--waivers", waived(site, "2020-01-31"))
    assert (expired.ret, gate(expired)[-1]) == (1, "GATE     closed: 0 failing, 0 already so, 0 waived")


def test_a_test_that_is_no_check_fails_it_all_the_same(site: Site) -> None:
    site.keep(w002="service-not-enabled")
    (site.path / "test_own.py").write_text("def test_own():\n    assert False\n")
    assert site.run("tests/validation", "test_own.py", "--replay", site.bundle, "--waivers", waived(site)).ret == 1


def test_a_failure_that_no_verdict_explains_is_not_excused() -> None:
    """As an error in taking down a fixture: pytest counts it, and no check says it. The session is a pretend one."""
    run, gate = Run(datetime.now(UTC), "1.0", "live"), Gate()
    session: Any = SimpleNamespace(testsfailed=0, shouldfail=False, shouldstop=False)
    assert exit_code(session, run, gate, Judgement()) == 0
    session.testsfailed = 1
    assert exit_code(session, run, gate, Judgement()) == 1


def test_a_run_that_stopped_at_its_first_failure_is_not_excused(site: Site) -> None:
    site.keep(w002="service-not-enabled")
    assert site.replay("--waivers", waived(site), "-x").ret == 1


def test_strict_warnings_are_excused_as_failures_are(site: Site) -> None:
    site.keep(w001="keep-no-dumps")
    assert site.replay("--strict-warnings").ret == 1
    assert site.replay("--strict-warnings", "--baseline", "reports/latest").ret == 0


def test_files_that_cannot_be_used_are_one_line_before_anything_is_looked_at(site: Site, tmp_path: Path) -> None:
    site.keep(w001="healthy")
    run = ("tests/validation", "--replay", site.bundle)
    assert site.refused(*run, "--baseline", tmp_path / "nowhere").startswith("--baseline: ")
    (tmp_path / "bad.yaml").write_text("waivers:\n  - check: a.b\n")
    assert "bad.yaml:2: this waiver says nothing of its nodes" in site.refused(*run, "--waivers", tmp_path / "bad.yaml")
    assert not (site.path / "reports" / "latest").exists()
