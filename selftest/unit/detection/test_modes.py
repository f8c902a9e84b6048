# SPDX-License-Identifier: Apache-2.0
"""No known way of not dumping is without a check that names it and a node that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from selftest.detection.modes import Mode, modes
from selftest.lab.operator import ROOT

from kdumpcheck.catalogue import load_checks

CASES = ROOT / "selftest" / "cases"
MODES = modes(CASES)


def test_there_are_26_and_they_are_ranked() -> None:
    assert [mode.number for mode in MODES] == list(range(1, 27))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: str(mode.number))
def test_a_mode_has_a_node_that_shows_it_and_a_check_that_names_it(mode: Mode) -> None:
    assert mode.what.strip()
    assert not mode.what.endswith(".")
    assert mode.nodes
    assert all(mode.nodes.values()), "a node that every check is content with shows nothing"
    assert set(mode.named) <= {check.id for check in load_checks(ROOT / "tests" / "validation")}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: str(mode.number))
def test_what_no_lab_node_shows_is_said(mode: Mode) -> None:
    """A mode that only made-up answers show says why no node was crashed with it."""
    edited = yaml.safe_load((CASES / "edited.yaml").read_text(encoding="utf-8"))
    assert mode.unseen.endswith(".") or not set(mode.nodes) <= set(edited)


def made(directory: Path, nodes: list[str]) -> Path:
    (directory / "modes.yaml").write_text(yaml.safe_dump({1: {"what": "x", "nodes": nodes}}), encoding="utf-8")
    edited = {"calm": {"expected": {}}, "locked": {"expected": {"warn": ["kernel.kexec"], "fail": ["a.b"]}}}
    (directory / "edited.yaml").write_text(yaml.safe_dump(edited), encoding="utf-8")
    return directory


def test_what_names_a_mode_is_read_from_its_nodes(tmp_path: Path) -> None:
    (mode,) = modes(made(tmp_path, ["locked", "kexec-load-disabled"]))
    assert mode.named == ("kernel.kexec", "a.b")
    assert mode.nodes["kexec-load-disabled"] == {"kernel.kexec"}


def test_a_mode_without_a_node_or_with_one_that_shows_nothing_is_refused(tmp_path: Path) -> None:
    (nothing,) = modes(made(tmp_path, []))
    (calm,) = modes(made(tmp_path, ["calm"]))
    for mode in (nothing, calm):
        with pytest.raises(AssertionError):
            test_a_mode_has_a_node_that_shows_it_and_a_check_that_names_it(mode)
    with pytest.raises(KeyError):
        modes(made(tmp_path, ["no-such-node"]))
