# SPDX-License-Identifier: Apache-2.0
"""Make a bundle of many plausible nodes out of the captured ones.

    python selftest/bench/fleet_bundle.py --nodes 1000 DIR

The same numbers and seed give the same bytes, so that two runs of a benchmark judge the same fleet.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from kdumpcheck.evidence import Evidence, Output, load, save

CASES = Path(__file__).parents[1] / "cases" / "suse_legacy"
HEALTHY = "healthy"
#: The name that every captured node has.
CAPTURED_NAME = b"ncn-w001"
#: Instead of a captured fault: a node that did not answer at all.
LOST = "lost"
FAULTY = 0.04
STARTED = datetime(2026, 11, 22, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Member:
    """One node of a made-up fleet, and the captured case it is a copy of (or `LOST`)."""

    node: str
    case: str


def names(count: int) -> Iterator[str]:
    """Names of a CSM system's shape: three masters, a few storage nodes, workers for the rest."""
    third = count // 3
    masters = min(3, third)
    storage = max(min(3, third), count // 20)
    for letter, number in (("m", masters), ("s", storage), ("w", count - masters - storage)):
        yield from (f"ncn-{letter}{index:03d}" for index in range(1, number + 1))


def members(count: int, seed: int = 1, faulty: float = FAULTY) -> list[Member]:
    """The fleet: each node is broken with probability `faulty`, in one of the captured ways or by silence."""
    chance = random.Random(seed)
    captured = {path.name.partition(".")[0] for path in CASES.glob("*.evidence.gz")}
    broken = [*sorted(captured - {HEALTHY}), LOST]
    return [Member(name, chance.choice(broken) if chance.random() < faulty else HEALTHY) for name in names(count)]


def make(directory: Path, count: int, seed: int = 1, faulty: float = FAULTY) -> list[Member]:
    """Write the bundle, one file of evidence a node; gives back what each node is."""
    fleet = members(count, seed, faulty)
    marks = random.Random(seed + 1)
    cases = {case: _captured(case) for case in {member.case for member in fleet} if case != LOST}
    directory.mkdir(parents=True, exist_ok=True)
    for number, member in enumerate(fleet):
        taken = STARTED + timedelta(milliseconds=25 * number)
        evidence = Evidence(member.node, taken, f"ssh://root@{member.node}:22")
        if member.case == LOST:
            failure = f"{member.node}:22 does not answer: is the node up, and can it be reached from here?"
            save(directory, Evidence(evidence.node, taken, evidence.origin, failure=failure), b"")
        else:
            save(directory, evidence, _answer(cases[member.case], member.node, marks.randbytes(8).hex()))
    return fleet


def _captured(case: str) -> Evidence:
    """A captured case; what nobody asked yet when it was captured, the healthy node tells."""
    healthy, evidence = (load(CASES / f"{name}.evidence.gz") for name in (HEALTHY, case))
    return replace(evidence, outputs={**healthy.outputs, **evidence.outputs})


def _answer(case: Evidence, node: str, word: str) -> bytes:
    """The captured answer as this node would have given it."""
    mark = f"--kdumpcheck-{word}".encode()
    sections = b"".join(_frame(mark, name, output, node) for name, output in _renamed(case.outputs, node).items())
    return b"%b probe 1 %b\n%b%b done\n" % (mark, case.digest.encode(), sections, mark)


def _renamed(outputs: Mapping[str, Output], node: str) -> dict[str, Output]:
    return {
        name: Output(
            output.data.replace(CAPTURED_NAME, node.encode()), output.exit_status, output.seconds, output.truncated
        )
        for name, output in outputs.items()
    }


def _frame(mark: bytes, name: str, output: Output, node: str) -> bytes:
    title, began = name.encode(), 500 + sum(node.encode())
    assert output.exit_status is not None, f"the captured section {name} did not end"
    closing = b"%.2f %.2f limit 65536 exit %d 0+1 records in 0+1 records out %d bytes copied, %.6f s, 0.9 kB/s" % (
        began,
        began + output.seconds,
        output.exit_status,
        len(output.data),
        output.seconds,
    )
    return b"\n%b begin %b\n%b\n%b end %b %b\n" % (mark, title, output.data, mark, title, closing)


def main(arguments: list[str]) -> int:
    """Make a bundle and say what is in it."""
    parser = argparse.ArgumentParser(description="Make a bundle of N plausible nodes, for --replay.")
    parser.add_argument("--nodes", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("directory", type=Path, metavar="DIR")
    chosen = parser.parse_args(arguments)
    if chosen.nodes < 1:
        parser.error(f"--nodes {chosen.nodes}: at least 1")
    fleet = make(chosen.directory, chosen.nodes, chosen.seed)
    broken = sum(member.case != HEALTHY for member in fleet)
    print(f"{chosen.directory}: {len(fleet)} nodes, {broken} of them broken")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
