# SPDX-License-Identifier: Apache-2.0
"""Looking at many nodes at once: none waits for another, none spoils another's answer."""

from __future__ import annotations

import resource
import threading

import pytest
from selftest.unit.kept import TAKEN

from kdumpcheck.evidence import Evidence
from kdumpcheck.fleet.fleet import DEFAULT_FANOUT, default_fanout, gather
from kdumpcheck.fleet.look import Look
from kdumpcheck.nodes import Node

NODES = [Node(f"ncn-w{number:03}") for number in range(1, 9)]
PATIENCE = 20.0


def answered(node: Node) -> Look:
    return Look(Evidence(node.name, TAKEN, "test", complete=True))


def test_answers_come_in_the_order_of_the_nodes_and_progress_counts_them() -> None:
    first_may_end = threading.Event()
    told: list[tuple[int, int, str]] = []

    def look_at(node: Node) -> Look:
        if node is NODES[0]:
            assert first_may_end.wait(PATIENCE)
        return answered(node)

    def progress(done: int, total: int, node: str) -> None:
        told.append((done, total, node))
        if done == len(NODES) - 1:
            first_may_end.set()

    looks = gather(NODES, look_at, fanout=2, progress=progress)
    assert list(looks) == [node.name for node in NODES]
    assert [done for done, _, _ in told] == list(range(1, 9))
    assert {total for _, total, _ in told} == {8}
    assert told[-1][2] == NODES[0].name, "a slow node must not hold the others up"


def test_no_more_than_fanout_are_looked_at_at_once() -> None:
    lock, active, most = threading.Lock(), 0, 0
    full = threading.Barrier(3, timeout=PATIENCE)

    def look_at(node: Node) -> Look:
        nonlocal active, most
        with lock:
            active += 1
            most = max(most, active)
        if node in NODES[:3]:
            full.wait()  # breaks unless three really are here together
        with lock:
            active -= 1
        return answered(node)

    gather(NODES, look_at, fanout=3)
    assert most == 3


def test_a_fanout_larger_than_the_fleet_is_no_trouble() -> None:
    assert len(gather(NODES[:1], answered, fanout=500)) == 1


def test_after_an_interruption_no_further_node_is_begun() -> None:
    begun: list[str] = []

    def look_at(node: Node) -> Look:
        begun.append(node.name)
        return answered(node)

    def interrupt(done: int, total: int, node: str) -> None:
        raise KeyboardInterrupt

    held = threading.Event()

    def slow(node: Node) -> Look:
        found = look_at(node)
        if node is not NODES[0]:
            assert held.wait(PATIENCE)
        return found

    with pytest.raises(KeyboardInterrupt):
        gather(NODES, slow, fanout=1, progress=interrupt)
    held.set()
    for thread in threading.enumerate():
        if thread.name.startswith("look"):
            thread.join(PATIENCE)
    assert len(begun) <= 2, "the one that answered, and at most the one already taken up"


@pytest.mark.parametrize(
    ("files", "expected"), [(resource.RLIM_INFINITY, DEFAULT_FANOUT), (1024, 50), (256, 32), (128, 1), (16, 1)]
)
def test_the_usual_fanout_fits_the_limit_of_open_files(
    monkeypatch: pytest.MonkeyPatch, files: int, expected: int
) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (files, files))
    assert default_fanout() == expected
