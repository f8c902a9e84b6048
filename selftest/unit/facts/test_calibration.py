# SPDX-License-Identifier: Apache-2.0
"""kdumptool calibrate: asked of the line before 1.9 alone, and never for anything but its figures."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Calibration

EvidenceOf = Callable[..., Evidence]
#: As the source says that it writes them.
FIGURES = "Total: 515563\nLow: 72\nHigh: 203\nMinLow: 72\nMaxLow: 3006\nMinHigh: 0 \nMaxHigh: 513024\n"


def test_what_is_advised_is_low_and_high_together(evidence_of: EvidenceOf) -> None:
    assert Calibration.parse(evidence_of({"calibrate": FIGURES})) == Calibration(275 * 2**20)


@pytest.mark.parametrize(
    "answer",
    ["", "64\n", "Low: 72\n", "Low: x\nHigh: 3\n", "Low: 1\nHigh: 99999999999999999999\n", "Low: 0\nHigh: 0\n"],
)
def test_without_both_figures_nothing_is_advised(evidence_of: EvidenceOf, answer: str) -> None:
    assert Calibration.parse(evidence_of({"calibrate": answer})) == Calibration(0)


def test_a_node_that_was_not_asked_is_unknown(evidence_of: EvidenceOf) -> None:
    assert isinstance(Calibration.parse(evidence_of({})), Unknown)


@pytest.fixture
def ask(tmp_path: Path) -> Callable[[str], tuple[str, str]]:
    """Run the probe's question beside pretend programs: what it answers, and how kdumptool was called."""
    calls = tmp_path / "calls"
    rpm, tool = tmp_path / "rpm", tmp_path / "kdumptool"
    tool.write_text(f'#!/bin/sh\necho "$*, PATH=$PATH" >>{calls}\necho "Low: 0"\necho "High: 150"\n', encoding="utf-8")
    tool.chmod(0o755)

    def run(versions: str) -> tuple[str, str]:
        rpm.write_text(f"#!/bin/sh\nprintf '%s' '{versions}'\n", encoding="utf-8")
        rpm.chmod(0o755)
        environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
        script = Calibration.sections[0].script
        done = subprocess.run(
            ["sh", "-c", script], env=environ, capture_output=True, text=True, check=True, timeout=600
        )
        return done.stdout, calls.read_text(encoding="utf-8") if calls.exists() else ""

    return run


@pytest.mark.parametrize("version", ["0.9.0 ", "1.0.2+git14 ", "1.8 ", "1.8.3 "])
def test_the_line_before_1_9_is_asked_for_its_figures_alone(
    ask: Callable[[str], tuple[str, str]], version: str
) -> None:
    """And without a PATH: what it would run (cryptsetup) takes a lock."""
    assert ask(version) == ("Low: 0\nHigh: 150\n", "calibrate, PATH=/nonexistent\n")


@pytest.mark.parametrize(
    "version",
    ["1.9 ", "1.9.3 ", "1.10 ", "2.0.6+git20 ", "10.1 ", "1.0.2 2.0.6 ", "package kdump is not installed\n", ""],
)
def test_a_newer_or_unknown_one_is_never_called(ask: Callable[[str], tuple[str, str]], version: str) -> None:
    assert ask(version) == ("", "")
