# SPDX-License-Identifier: Apache-2.0
"""Measure judging alone: 1,000 kept nodes x 30 checks, all reports written: `python -m selftest.bench.replay`.

The project's own checks are filled up to 30 with trivial ones, so that the number of verdicts is right.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from selftest.bench import fleet_bundle, measure
from selftest.bench.environments import ROOT, own_checks, place

GOAL_SECONDS, GOAL_MIB = 5.0, 250
_HEAD = """from kdumpcheck import check, expect
from kdumpcheck.facts import System
"""
_EXTRA = """

@check("extra.c{number}", title="Extra check {number}", instruction="nothing", source="benchmark")
def test_extra_{number}(system: System) -> None:
    expect(system.uid == 0, expected="uid 0", found=f"uid {{system.uid}}")
"""


def main(arguments: Sequence[str]) -> int:
    """Measure and print medians; fails only when a verdict is missing."""
    parser = argparse.ArgumentParser(prog="selftest.bench.replay")
    parser.add_argument("--nodes", type=int, default=1000, metavar="N")
    parser.add_argument("--checks", type=int, default=30, metavar="N")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    chosen.checks = max(chosen.checks, own_checks())
    with tempfile.TemporaryDirectory(prefix="kdumpcheck-bench-") as directory:
        costs = [_once(Path(directory), chosen.nodes, chosen.checks, number) for number in range(chosen.rounds)]
    walls, median = sorted(cost.wall for cost in costs), statistics.median
    wall = f"{median(walls):.2f} s wall ({walls[0]:.2f}-{walls[-1]:.2f})"
    used = f"{median(cost.cpu for cost in costs):.2f} s CPU, {max(cost.peak for cost in costs):.0f} MiB peak"
    print(f"{chosen.nodes} nodes x {chosen.checks} checks, all reports, {chosen.rounds} rounds: {wall}, {used}")
    print(f"goal: {GOAL_SECONDS:.0f} s, {GOAL_MIB} MiB")
    return 0


def _once(root: Path, nodes: int, checks: int, number: int) -> measure.Cost:
    bundle, extra, reports, home = (root / name for name in ("bundle", "extra", "reports", "home"))
    if number == 0:
        fleet_bundle.make(bundle, nodes)
        extra.mkdir()
        home.mkdir()
        texts = [_EXTRA.format(number=each) for each in range(checks - own_checks())]
        (extra / "test_extra.py").write_text("".join([_HEAD, *texts]))
    argv = [str(place("kdumpcheck") / "pytest"), "--rootdir", str(ROOT), str(ROOT / "tests" / "validation"), str(extra)]
    argv += ["--replay", str(bundle), "--report-dir", str(reports)]
    cost = measure.run(argv, env=measure.environment(home), cwd=root, output=root / "said")
    document = json.loads((reports / "results.json").read_text())
    judged = sum(document["run"]["counts"].values())
    if judged != nodes * checks or not all((reports / name).stat().st_size for name in ("junit.xml", "report.html")):
        raise RuntimeError(f"{judged} of {nodes * checks} verdicts: {cost.output[-600:]}")
    print(f"  round {number + 1}: {cost.wall:.2f} s, {cost.cpu:.2f} s CPU (load {os.getloadavg()[0]:.1f})", flush=True)
    return cost


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
