# SPDX-License-Identifier: Apache-2.0
"""Which tests a run takes: those of its directory, and the shipped ones only where it has none."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.site import Site

from kdumpcheck.shipped import TESTS, in_their_place


def test_an_empty_directory_gets_the_shipped_ones(tmp_path: Path) -> None:
    given = ["tests/validation", "tests/validation/test_initrd.py::test_it", "tests/recovery/"]
    assert in_their_place(given, tmp_path) == [
        str(TESTS / "validation"),
        f"{TESTS}/validation/test_initrd.py::test_it",
        str(TESTS / "recovery"),
    ]


@pytest.mark.parametrize(
    "given", ["tests/nothing", "tests/../lib", "validation", "/tests/validation", "site/checks", "", ".", "a::tests"]
)
def test_what_was_not_shipped_stays_as_it_is(tmp_path: Path, given: str) -> None:
    assert in_their_place([given], tmp_path) == [given]


def test_a_directory_with_tests_of_its_own_keeps_them(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    assert in_their_place(["tests/validation"], tmp_path) == ["tests/validation"]


def test_a_run_without_tests_of_its_own_says_whose_it_runs_and_reports_where_it_was_started(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.keep(w001="healthy")
    empty = site.path / "empty"
    empty.mkdir()
    (site.path / "pytest.ini").unlink()
    monkeypatch.chdir(empty)
    result = site.run("tests/recovery", "--replay", site.bundle)
    assert result.ret == 0
    result.stdout.fnmatch_lines([f"*these are kdumpcheck's own, of {TESTS}"])
    assert site.outcomes(empty / "reports" / "latest")["ncn-w001", "initrd.present"] == "pass"
