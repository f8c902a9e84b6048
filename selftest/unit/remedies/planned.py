# SPDX-License-Identifier: Apache-2.0
"""What the tests of remedies share: a plan made of a captured node with sections changed, and a kill at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from selftest.unit.kept import captured, evidence
from selftest.unit.pretend import PretendNode

from kdumpcheck.checks import Subject
from kdumpcheck.remedies import REMEDIES, Action

NEWER = b"asked\trpm\nrpm\tkdump\t2.0.6+git-150600.3\n"


def plan(remedy: str, case: str = "healthy", sections: dict[str, bytes] | None = None) -> Action:
    """What a remedy plans on a captured node in which some sections answered something else."""
    return REMEDIES[remedy].plan(Subject(evidence("ncn-w001", {**captured(case), **(sections or {})})))


def killed(tmp_path: Path, script: str, prepare: Callable[[PretendNode], None]) -> Iterator[tuple[PretendNode, str]]:
    """Nodes on which the script was killed, each just before another one of its programs, and that program."""
    first = PretendNode(tmp_path / "first")
    prepare(first)
    first.run(script)
    assert first.steps
    for number, step in enumerate(first.steps, 1):
        node = PretendNode(tmp_path / str(number))
        prepare(node)
        node.kill_at(number)
        assert node.run(script) == {}, "the script was to be killed here"
        (node.root / "kill-at").unlink()
        yield node, step


def cut(node: PretendNode, script: str) -> None:
    """Run beginnings of a script, as of one that arrived by halves."""
    whole = script.rstrip("\n")
    for length in range(0, len(whole), len(whole) // 20):
        node.start(whole[:length]).communicate(timeout=600)
