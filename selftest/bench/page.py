# SPDX-License-Identifier: Apache-2.0
"""How long the fleet page takes to open, and how large it is: `python -m selftest.bench.page`.

Runs are made up: a green one; and a bad day, on which every third node fails every check, each in words of its own.
An empty page, opened in turn with them, shows what Chromium's own start takes.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from selftest.unit.documents import fleet_document, read_again

from kdumpcheck.checks import Outcome
from kdumpcheck.reporters import fleet

GOAL_SECONDS, GOAL_MB = 3.0, 5.0
_EMPTY = "<!DOCTYPE html><title>empty</title>"
_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--dump-dom")
_LONGEST = 120.0


def documents(nodes: int, checks: int) -> dict[str, dict[str, Any]]:
    """The runs by what is said of them."""
    bad = fleet_document(nodes, checks, said="is too small")
    failing = {f"ncn-w{number + 1:04}" for number in range(0, nodes, 3)}
    for result in bad["results"]:
        if result["node"] in failing:
            result["outcome"] = Outcome.FAIL.value
    return {
        "all green": fleet_document(nodes, checks),
        "every third node fails": bad,
    }


def open_page(chromium: str, page: Path, profile: Path) -> float:
    """Seconds from the start of Chromium until the page's scripts have run and it was read back."""
    argv = [chromium, *_FLAGS, f"--user-data-dir={profile}", page.resolve().as_uri()]
    began = time.monotonic()
    done = subprocess.run(argv, check=True, capture_output=True, timeout=_LONGEST)
    if b"<html" not in done.stdout:
        raise SystemExit("Chromium showed no page")
    return time.monotonic() - began


def main(arguments: Sequence[str]) -> int:
    """Measure and print medians; nothing fails for being slow."""
    parser = argparse.ArgumentParser(prog="selftest.bench.page")
    parser.add_argument("--nodes", type=int, default=1000, metavar="N")
    parser.add_argument("--checks", type=int, default=50, metavar="N")
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("no browser to measure in: sudo apt-get install -y chromium")
    with tempfile.TemporaryDirectory(prefix="kdumpcheck-bench-") as directory:
        root = Path(directory)
        pages = {"an empty page": root / "empty.html"}
        pages["an empty page"].write_text(_EMPTY, encoding="utf-8")
        for number, (said, document) in enumerate(documents(chosen.nodes, chosen.checks).items()):
            place = root / str(number)
            place.mkdir()
            pages[said] = fleet.write(read_again(document), place)
        # In turn, so that what else the machine does falls on all of them alike.
        times = [
            {said: open_page(chromium, page, root / "profile") for said, page in pages.items()}
            for _ in range(chosen.rounds)
        ]
        _show(pages, times)
    print(f"goal at 1,000 nodes: {GOAL_SECONDS:.0f} s, {GOAL_MB:.0f} MB")
    return 0


def _show(pages: dict[str, Path], rounds: list[dict[str, float]]) -> None:
    empty = statistics.median(each["an empty page"] for each in rounds)
    print("| page | size | start and open | to an empty page |\n|---|---|---|---|")
    for said, page in pages.items():
        times = sorted(each[said] for each in rounds)
        middle = statistics.median(times)
        size = page.stat().st_size / 1e6
        print(f"| {said} | {size:.2f} MB | {middle:.2f} s ({times[0]:.2f}-{times[-1]:.2f}) | {middle / empty:.1f}x |")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
