# SPDX-License-Identifier: Apache-2.0
"""The line an operator watches while nodes are looked at."""

from __future__ import annotations

import pytest
from selftest.unit.reporters.test_folding import result, run_of

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters.terminal import counts_line, progress_line


@pytest.mark.parametrize(
    ("slow", "line"),
    [
        ([], "looking at nodes: 3 of 50"),
        (["ncn-w003"], "looking at nodes: 3 of 50; slow: ncn-w003"),
        (["ncn-w003", "ncn-m001", "ncn-w001", "ncn-w002"], "looking at nodes: 3 of 50; slow: ncn-m001,ncn-w[001-003]"),
    ],
)
def test_it_counts_nodes_and_names_the_slow_ones(slow: list[str], line: str) -> None:
    assert progress_line(3, 50, slow, 79) == line


@pytest.mark.parametrize("width", [0, 1, 3, 10, 79])
def test_it_never_wraps(width: int) -> None:
    slow = [f"node-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    line = progress_line(3, 50, slow, width)
    assert len(line) <= max(width, 3)
    assert line.endswith("...")


def test_it_says_how_many_verdicts_had_each_outcome() -> None:
    run = run_of(result("a", Outcome.PASS), result("b", Outcome.PASS), result("c", Outcome.FAIL))
    assert counts_line(run) == "verdicts: 2 pass, 1 fail"
    assert counts_line(run_of()) == "verdicts: none"
