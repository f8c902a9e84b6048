# SPDX-License-Identifier: Apache-2.0
"""A made-up fleet is plausible, is judged as the captured nodes are, and is the same for the same seed."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml
from selftest.bench import fleet_bundle
from selftest.bench.fleet_bundle import CASES, HEALTHY, LOST, make, members, names
from selftest.unit.test_cases import CHECKS

from kdumpcheck.checks import Judge, Outcome, Subject
from kdumpcheck.evidence import load_directory


@pytest.mark.parametrize("count", [1, 2, 3, 7, 9, 50, 1000, 1200])
def test_there_are_as_many_nodes_as_asked_for_and_no_name_twice(count: int) -> None:
    assert len(set(names(count))) == count


def test_a_fleet_has_the_shape_of_a_csm_system() -> None:
    letters = Counter(name[4] for name in names(1000))
    assert letters == {"m": 3, "s": 50, "w": 947}


def test_a_few_percent_are_broken_and_in_every_captured_way() -> None:
    cases = Counter(member.case for member in members(10_000))
    assert 0.03 < 1 - cases[HEALTHY] / 10_000 < 0.05
    assert set(cases) == {path.name.partition(".")[0] for path in CASES.glob("*.evidence.gz")} | {LOST}


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        make(tmp_path / name, 30, seed, faulty=0.5)
    files = {name: {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "abc"}
    assert files["a"] == files["b"] != files["c"]


def test_each_node_is_judged_as_the_case_it_was_made_of(tmp_path: Path) -> None:
    expected = yaml.safe_load((CASES / "expected.yaml").read_text(encoding="utf-8"))
    fleet = make(tmp_path, 1001, faulty=0.3)
    bundle = load_directory(tmp_path)
    judge = Judge([check for check in CHECKS if check.judges != "image"])  # as a run of nodes collects them
    for member in fleet:
        results = judge.judge_all(Subject(bundle[member.node]))
        if member.case == LOST:
            assert {result.outcome for result in results} == {Outcome.ERROR}
        else:
            failed = sorted(result.check for result in results if result.outcome is Outcome.FAIL)
            assert failed == expected[member.case].get("fail", [])
            errors = sorted(result.check for result in results if result.outcome is Outcome.ERROR)
            assert errors == expected[member.case].get("error", [])


def test_a_node_calls_itself_by_its_name(tmp_path: Path) -> None:
    make(tmp_path, 12, faulty=0.0)
    for node, evidence in load_directory(tmp_path).items():
        assert f"uname_n={node}\n" in evidence.outputs["system"].text


def test_it_is_a_program(tmp_path: Path) -> None:
    argv = [sys.executable, fleet_bundle.__file__, "--nodes", "4", "--seed", "2", str(tmp_path / "bundle")]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "4 nodes" in done.stdout
    assert len(list((tmp_path / "bundle").iterdir())) == 4
    refused = subprocess.run([*argv[:3], "0", str(tmp_path / "none")], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "at least 1" in refused.stderr
