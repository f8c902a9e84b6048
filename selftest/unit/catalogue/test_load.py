# SPDX-License-Identifier: Apache-2.0
"""Check files read outside of pytest: the same checks, and one line for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from selftest.unit.site import Site

from kdumpcheck.catalogue import CatalogueError, load_checks, usual_directory

ROOT = Path(__file__).parents[3]
CHECK = """
from kdumpcheck import check, expect
{more}
@check("{id}", title="A title", source="a source", instruction="Do it.")
def {function}() -> None:
    expect(True, expected="x", found="x")
"""


def write(directory: Path, name: str, check: str, function: str = "test_it", more: str = "") -> Path:
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(CHECK.format(id=check, function=function, more=more))
    return path


def test_pytest_collects_the_same_checks(site: Site) -> None:
    site.keep(w001="healthy")
    site.replay()
    collected = [each["id"] for each in site.document()["checks"]]
    found = load_checks(site.path / "tests" / "validation")
    assert sorted(collected) == sorted(check.id for check in found if check.judges != "image")


def test_several_directories_and_those_below(tmp_path: Path) -> None:
    write(tmp_path / "a", "test_one.py", "a.one")
    write(tmp_path / "a", "below/test_one.py", "a.two")
    write(tmp_path / "b", "one_test.py", "b.one")
    write(tmp_path / "b", "helper.py", "b.no-test-file")
    write(tmp_path / "b", "test_two.py", "b.no-test-function", function="helper")
    assert [check.id for check in load_checks(tmp_path / "a", tmp_path / "b")] == ["a.two", "a.one", "b.one"]


def test_a_file_read_twice_is_one_check(tmp_path: Path) -> None:
    write(tmp_path, "test_one.py", "a.one")
    assert len(load_checks(tmp_path, tmp_path)) == 1


def test_a_file_may_hold_dataclasses(tmp_path: Path) -> None:
    more = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass Mine:\n    x: int\n"
    )
    path = write(tmp_path, "test_one.py", "a.one")
    path.write_text(more + path.read_text())
    assert [check.id for check in load_checks(tmp_path)] == ["a.one"]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("raise ValueError('a\\nb')", "ValueError: a b"),
        ("import nowhere_at_all", "ModuleNotFoundError"),
        ("def (", "SyntaxError"),
    ],
)
def test_a_file_that_cannot_be_run_is_named_in_one_line(tmp_path: Path, more: str, says: str) -> None:
    path = write(tmp_path, "test_one.py", "a.one", more=more)
    with pytest.raises(CatalogueError, match=says) as caught:
        load_checks(tmp_path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_directory_without_checks(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="no check is here"):
        load_checks(tmp_path / "nowhere")


def test_an_id_that_two_checks_have(tmp_path: Path) -> None:
    first, second = write(tmp_path, "test_a.py", "a.one"), write(tmp_path, "test_b.py", "a.one")
    with pytest.raises(CatalogueError) as caught:
        load_checks(tmp_path)
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)


def test_the_usual_directory_is_ours_or_the_checkouts(site: Site, tmp_path: Path) -> None:
    assert usual_directory(site.path) == site.path / "tests" / "validation"
    assert usual_directory(tmp_path) == ROOT / "tests" / "validation"
