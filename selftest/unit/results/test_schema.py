# SPDX-License-Identifier: Apache-2.0
"""The published schema of results.json: it is one, it is strict, and it comes with the package."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import jsonschema
import pytest
from selftest.unit.kept import captured, evidence

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.results import NodeLook, RemedyResult, Run
from kdumpcheck.results.run import VERSION

SCHEMA = json.loads(resources.files("kdumpcheck.results").joinpath("schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def document() -> dict[str, Any]:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    run = Run(now, "1", "live", finished=now, exit_status=1)
    taken = evidence("ncn-w001", captured("healthy")).taken.isoformat(timespec="seconds")
    run.nodes["ncn-w001"] = NodeLook("ncn-w001", "worker", "ssh://ncn-w001", taken, None, "suse_legacy", None)
    run.results.append(Result("ncn-w001", "a.b", "A", Outcome.FAIL, "m", "expected", "found"))
    run.remedies.append(RemedyResult("ncn-w001", "a.b", None, {"/x": {"old": "1", "new": "2"}}, "would do it"))
    found: dict[str, Any] = json.loads(json.dumps(run.document()))
    return found


def objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in it that describes an object, with its path."""
    if schema.get("type") == "object":
        yield path, schema
    for key, value in schema.items():
        if isinstance(value, dict):
            yield from objects(value, f"{path}/{key}")


def test_it_is_a_schema_of_the_version_we_write() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"]["kdumpcheck-results"]["const"] == VERSION


def test_it_lets_nothing_unknown_through() -> None:
    found = dict(objects(SCHEMA))
    assert len(found) >= 8
    for path, schema in found.items():
        assert "additionalProperties" in schema, path
        if path.endswith("/changes"):
            continue
        assert schema["additionalProperties"] is False, path
        assert set(schema["required"]) == set(schema.get("properties", schema["required"])), path


def test_a_document_is_as_it_says() -> None:
    VALIDATOR.validate(document())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["kdumpcheck-results"], 2),
        (["more"], 1),
        (["run", "mode"], "dreamt"),
        (["run", "finished"], None),
        (["run", "started"], "yesterday"),
        (["run", "counts", "lost"], 1),
        (["nodes", 0, "name"], "../x"),
        (["nodes", 0, "failure"], "\x1b[2J"),
        (["nodes", 0, "password"], "x"),
        (["results", 0, "outcome"], "planned"),
        (["results", 0, "found"], "\u202egpj.exe"),
        (["results", 0, "found"], ""),
        (["results", 0, "message"], "two\nlines"),
        (["remedies", 0, "result"], "yes"),
        (["remedies", 0, "changes", "/x"], {"old": "1"}),
    ],
)
def test_what_is_wrong_is_refused(path: list[Any], value: object) -> None:
    wrong = copy.deepcopy(document())
    place: Any = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(wrong)
