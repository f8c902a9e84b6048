# SPDX-License-Identifier: Apache-2.0
"""Runs of the operator's suite, in a directory of their own, on kept evidence."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from selftest.unit.kept import keep_case

from kdumpcheck.catalogue import load_checks

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "lib/kdumpcheck/results/schema.json").read_text(encoding="utf-8"))
#: How many checks a node is judged by.
CHECKS = sum(check.judges != "image" for check in load_checks(ROOT / "tests" / "validation"))
_PLACES = (
    "KDUMPCHECK_INVENTORY",
    "GOSS_TEST_NCN_LIST",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
)


@dataclass(frozen=True)
class Site:
    """A checkout of the operator's suite. `run` runs pytest in it, `document` is the newest results.json."""

    pytester: pytest.Pytester
    bundle: Path

    @property
    def path(self) -> Path:
        return self.pytester.path

    def run(self, *arguments: str | Path) -> pytest.RunResult:
        """Run pytest in this process."""
        return self.pytester.runpytest_inprocess(*map(str, arguments))

    def replay(self, *arguments: str | Path) -> pytest.RunResult:
        """Judge the bundle with tests/validation."""
        return self.run("tests/validation", "--replay", self.bundle, *arguments)

    def refused(self, *arguments: str | Path) -> str:
        """Run pytest, which must refuse its command line in one line of standard error; gives that line."""
        result = self.run(*arguments)
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert not [line for line in result.outlines + result.errlines if "Traceback" in line or "INTERNAL" in line]
        (line,) = [line for line in result.errlines if line.strip()]
        assert line.startswith("ERROR: ")
        return line.removeprefix("ERROR: ")

    def keep(self, **cases: str) -> None:
        """Put captured nodes into the bundle: `keep(w001="healthy")` is ncn-w001."""
        for name, case in cases.items():
            keep_case(self.bundle, f"ncn-{name}", case)

    def document(self, directory: Path | None = None) -> dict[str, Any]:
        """The results.json of a run, by default of the newest, which must be as the schema has it."""
        text = ((directory or self.path / "reports" / "latest") / "results.json").read_text(encoding="utf-8")
        found: dict[str, Any] = json.loads(text)
        jsonschema.Draft202012Validator(SCHEMA).validate(found)
        return found

    def outcomes(self, directory: Path | None = None) -> dict[tuple[str, str], str]:
        """The outcome of each check on each node."""
        return {(each["node"], each["check"]): each["outcome"] for each in self.document(directory)["results"]}


def without_times(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what differs between equal runs."""
    for key in ("started", "finished", "mode"):
        del document["run"][key]
    for record in [*document["nodes"], *document["results"], *document["remedies"]]:
        for key in ("seconds", "evidence"):
            record.pop(key, None)
    for key, names in (("checks", ("id",)), ("results", ("node", "check"))):
        document[key].sort(key=lambda record, names=names: [record[name] for name in names])
    return document


@pytest.fixture
def site(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Site:
    """The operator's suite, copied, with no inventory in any of the usual places and an empty bundle."""
    for variable in _PLACES:
        monkeypatch.delenv(variable, raising=False)
    for name in ("pytest.ini", "conftest.py"):
        shutil.copy(ROOT / name, pytester.path / name)
    for name in ("validation", "recovery"):
        shutil.copytree(
            ROOT / "tests" / name, pytester.path / "tests" / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    return Site(pytester, pytester.path / "bundle")
