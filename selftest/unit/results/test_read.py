# SPDX-License-Identifier: Apache-2.0
"""A results.json read again, and every way it can be none."""

from __future__ import annotations

import copy
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from selftest.unit.results.test_schema import VALIDATOR, document

from kdumpcheck.checks import Outcome
from kdumpcheck.checks.result import in_the_image
from kdumpcheck.reporters.formats import FORMATS
from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results.read import ResultsError, parse_results, read_results


def refused(text: str | bytes) -> str:
    with pytest.raises(ResultsError) as caught:
        parse_results(text.encode() if isinstance(text, str) else text, "here/results.json")
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith("here/results.json")
    return str(caught.value)


def whole() -> dict[str, Any]:
    found = document()
    found["checks"].append(
        {
            "id": "a.b",
            "title": "A",
            "severity": "fail",
            "remedy": None,
            "instruction": "do",
            "source": "man",
            "follows": [],
        }
    )
    return found


def test_it_is_the_same_document_again() -> None:
    found = whole()
    again = json.loads(FORMATS["json"].render(parse_results(json.dumps(found).encode(), "x"), Gate()))
    found["run"]["counts"]["fail"] = 1
    assert again == found


def test_a_check_s_title_stands_once_for_all_nodes() -> None:
    (result,) = parse_results(json.dumps(whole()).encode(), "x").results
    assert (result.title, result.instruction, result.outcome) == ("A", "do", Outcome.FAIL)


@pytest.mark.parametrize("own", ["Do that.", "do"])
def test_what_another_kdump_wants_done_is_still_told_of_its_node(own: str) -> None:
    found = whole()
    run = parse_results(json.dumps(found).encode(), "x")
    run.results[0] = replace(run.results[0], instruction=own)
    written = run.document()
    assert written["results"][0]["instruction"] == ("" if own == "do" else own), "what the check says stands there once"
    VALIDATOR.validate(json.loads(json.dumps(written)))
    assert parse_results(json.dumps(written).encode(), "x").results[0].instruction == own


def test_an_older_file_has_the_check_s_instruction_or_that_for_images() -> None:
    found = whole()
    del found["results"][0]["instruction"]
    assert parse_results(json.dumps(found).encode(), "x").results[0].instruction == "do"
    found["checks"][0]["remedy"] = "part.mend"
    assert parse_results(json.dumps(found).encode(), "x").results[0].instruction == in_the_image("do")


def test_what_a_stranger_wrote_into_it_does_nothing_to_a_terminal() -> None:
    found = whole()
    found["results"][0]["found"] = "\x1b[2J\r\n\u202eevil"
    (result,) = parse_results(json.dumps(found).encode(), "x").results
    assert result.found.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[]",
        b"1",
        b"null",
        b'{"results": []}',
        b"[" * 100_000,
        b"1" * 10_000,
        b'{"a": NaN}',
    ],
)
def test_what_is_none_is_refused_in_one_line(text: bytes) -> None:
    refused(text)


@pytest.mark.parametrize("version", [0, 2, True, 1.5, "1", None, "\x1b[2J"])
def test_another_version_is_named(version: object) -> None:
    assert "reads version 1 only" in refused(json.dumps({**whole(), "kdumpcheck-results": version}))


def test_where_it_is_cut_off_is_told() -> None:
    text = json.dumps(whole(), indent=1)
    assert refused(text[:200]).startswith(f"here/results.json:{text[:200].count(chr(10)) + 1}: not JSON")


@pytest.mark.parametrize(
    ("path", "value", "word"),
    [
        (["run"], 1, "run must be an object"),
        (["run", "started"], "yesterday", "run.started is not a time"),
        (["run", "started"], "2026-11-22T00:00:00", "no time zone"),
        (["nodes"], {}, "nodes must be a list"),
        (["nodes", 0], [], "nodes[0] must be an object"),
        (["nodes", 0, "name"], "../x", "node name"),
        (["nodes", 0, "name"], 5, "nodes[0].name"),
        (["results", 0, "check"], "no.such", "none of the checks"),
        (["results", 0, "check"], [], "none of the checks"),
        (["results", 0, "outcome"], "dreamt", "results[0].outcome"),
        (["results", 0, "outcome"], ["pass"], "results[0].outcome"),
        (["results", 0, "seconds"], True, "results[0].seconds"),
        (["results", 0, "seconds"], 10**400, "results[0].seconds"),
        (["results", 0, "seconds"], float("nan"), "not JSON"),
        (["results", 0, "node"], "-x", "node name"),
        (["remedies", 0, "changes"], {"/x": 1}, "remedies[0].changes./x"),
        (["proofs"], [{"node": "x"}], "proofs[0].word is missing"),
        (["tests"], [1], "tests[0]"),
    ],
)
def test_what_is_wrong_in_it_is_told_with_its_place(path: list[Any], value: object, word: str) -> None:
    wrong = copy.deepcopy(whole())
    place: Any = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert word in refused(json.dumps(wrong))


def test_a_number_beyond_all_clocks_is_refused() -> None:
    text = json.dumps(whole()).replace('"seconds": 0.0', '"seconds": 1e999', 1)
    assert "seconds" in refused(text)


class TestFile:
    def test_its_directory_will_do(self, tmp_path: Path) -> None:
        (tmp_path / "results.json").write_text(json.dumps(whole()))
        assert (
            read_results(tmp_path).nodes.keys() == read_results(tmp_path / "results.json").nodes.keys() == {"ncn-w001"}
        )

    def test_what_is_no_file_is_refused_and_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "pipe")
        for name in ("pipe", "none", "none\x00", "x" * 300, "\x1b[2J"):
            with pytest.raises(ResultsError) as caught:
                read_results(tmp_path / name)
            assert str(caught.value).isprintable()
        with pytest.raises(ResultsError, match="No such file"):
            read_results(tmp_path)
