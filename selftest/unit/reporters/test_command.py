# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck report`, on the reports of real runs of the suite on kept evidence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from selftest.unit.site import Site, site

from kdumpcheck.cli import main
from kdumpcheck.reporters.formats import FORMATS

__all__ = ["site"]

_BREAKS = """
from kdumpcheck.checks import check, expect
from kdumpcheck.facts import System

@check("site.name", title="Breaks", source="site", instruction="Mend it.")
def test_name(system: System) -> None:
    expect(1 // 0, expected="a", found="b")
"""


@pytest.fixture
def latest(site: Site) -> Path:
    site.keep(w001="healthy", w002="initrd-missing")
    assert site.replay("--format", ",".join(FORMATS)).ret == 1
    return site.path / "reports" / "latest"


def test_every_format_of_a_run_is_made_again_from_its_document(latest: Path, tmp_path: Path) -> None:
    for name, reporter in FORMATS.items():
        again = tmp_path / "again"
        assert main(["report", str(latest), "--format", name, "--output", str(again)]) == 2 * (name == "nagios")
        assert again.read_text("utf-8") == (latest / reporter.filename).read_text("utf-8"), name
    assert {path.name for path in latest.iterdir()} == {"report.html", "index.html"} | {
        each.filename for each in FORMATS.values()
    }


def test_on_github_the_findings_are_annotations(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    site.keep(w001="initrd-missing")
    result = site.replay()
    result.stdout.re_match_lines(
        [r"^::error title=ncn-w001%3A .*::.*; do: pytest tests/recovery --nodes ncn-w001 --apply"]
    )
    assert (site.path / "reports/latest/github.txt").exists()


def test_a_format_that_nobody_knows_is_a_mistake_of_usage(site: Site) -> None:
    site.keep(w001="healthy")
    line = site.refused("tests/validation", "--replay", site.bundle, "--format", "tap,html5")
    assert line.startswith("--format: no format is called 'html5': json, junit")


def test_a_gate_for_failures_alone_sees_what_could_not_be_told(site: Site) -> None:
    (site.path / "tests/validation/test_site.py").write_text(_BREAKS)
    site.keep(w001="healthy")
    assert site.replay("--blind-fails").ret == 1
    text = (site.path / "reports/latest/junit.xml").read_text("utf-8")
    assert "<failure" in text
    assert "<error" not in text


class TestCommand:
    @pytest.mark.parametrize("arguments", [["/nowhere", "--format", "tap"], ["x", "--format", "no"], ["x"]])
    def test_a_mistake_is_one_line_and_four(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        try:
            code = main(["report", *arguments])
        except SystemExit as exit_:
            code = int(str(exit_.code))
        assert code == 4
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("kdumpcheck report: ")

    def test_a_file_that_cannot_be_written_is_one_line(self, latest: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for output in ("/dev/null/x", "x\0"):
            assert main(["report", str(latest), "--format", "tap", "--output", output]) == 1
            (line,) = capsys.readouterr().err.splitlines()
            assert "cannot be written" in line

    def test_it_prints_and_takes_a_file_s_place_at_once(
        self, latest: Path, capfdbinary: pytest.CaptureFixture[bytes]
    ) -> None:
        assert main(["report", str(latest), "--format", "prometheus"]) == 0
        assert capfdbinary.readouterr().out == (latest / "kdumpcheck.prom").read_bytes()
        before = (latest / "kdumpcheck.prom").stat()
        assert main(["report", str(latest), "--format", "prometheus", "--output", str(latest / "kdumpcheck.prom")]) == 0
        after = (latest / "kdumpcheck.prom").stat()
        assert before.st_ino != after.st_ino, "written beside and renamed, so that nobody reads a half"
        assert stat.S_IMODE(after.st_mode) & 0o444 == 0o444, "node_exporter is another user"
