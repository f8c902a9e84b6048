# SPDX-License-Identifier: Apache-2.0
"""`kdumpcheck explain` and docs/checks.md: all that is known of each check, and one line for a name that is none."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import pytest

from kdumpcheck.catalogue import load_checks
from kdumpcheck.catalogue.markdown import COMMAND, document
from kdumpcheck.catalogue.text import paragraphs
from kdumpcheck.checks import Check
from kdumpcheck.cli import main

ROOT = Path(__file__).parents[3]
VALIDATION = ROOT / "tests" / "validation"
CHECKS = load_checks(VALIDATION)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", "--checks", str(VALIDATION), *arguments]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    return said.out


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_all_that_is_known_of_a_check_is_printed(check: Check, capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, check.id)
    assert max(map(len, text.splitlines()[1:])) <= 100
    assert text.startswith(f"{check.id}: {check.title}\n")
    known = (check.instruction, check.source, check.explanation, check.background, check.remedy or "", *check.follows)
    assert [each for each in known if words(each) not in words(text)] == []


def test_a_group_is_printed_whole_and_what_it_shares_once(capsys: pytest.CaptureFixture[str]) -> None:
    text = explained(capsys, "crashkernel")
    ids = [check.id for check in CHECKS if check.id.startswith("crashkernel.")]
    assert [line.partition(":")[0] for line in text.splitlines() if line[:1].strip()] == ids
    assert text.count("Is memory set aside for the capture kernel?") == 1
    assert explained(capsys, "crashkernel.") == text


def test_without_an_id_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys).splitlines()
    listed = [line.split()[:2] for line in lines[: len(CHECKS)]]
    assert sorted(listed) == sorted([check.id, check.severity] for check in CHECKS)
    groups = [group for group, _ in groupby(name.partition(".")[0] for name, _ in listed)]
    assert len(groups) == len(set(groups)), "each group stands together"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("initrd.presnt", "is it initrd.present?"),
        ("initrd.pres", "is it initrd.present?"),
        ("Initrd", "is it initrd?"),
        ("xyzzy", "kdumpcheck explain lists them"),
        ("a\nb", "kdumpcheck explain lists them"),
    ],
)
def test_a_name_that_is_none(name: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", name]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"kdumpcheck explain: no check is called {name!r}: {says}\n"


def test_a_directory_of_checks_that_holds_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--checks", str(tmp_path)]) == 4
    assert capsys.readouterr().err == f"kdumpcheck explain: {tmp_path}: no check is here\n"


def test_docs_checks_md_says_what_the_checks_say(capsys: pytest.CaptureFixture[str]) -> None:
    page = explained(capsys, "--markdown")
    assert page == document(CHECKS)
    assert (ROOT / "docs" / "checks.md").read_text(encoding="utf-8") == page, f"out of date; renew it: {COMMAND}"


def test_every_check_has_its_part_of_the_page() -> None:
    page = document(CHECKS)
    for check in CHECKS:
        assert page.count(f"### `{check.id}`") == 1
        assert page.count(f"(#{check.id.replace('.', '')})") == 1


@pytest.mark.parametrize("check", CHECKS, ids=[check.id for check in CHECKS])
def test_a_check_can_be_read(check: Check) -> None:
    """A title for one line of a report, and more than the title from its own docstring or its file's."""
    assert len(check.title) <= 80
    assert not check.title.endswith(".")
    assert check.explanation or len(paragraphs(check.background)) > 1, (
        f"{check.place}: say why it matters, in the docstring of the function, or in a second paragraph of the file's"
    )
