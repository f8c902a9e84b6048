# SPDX-License-Identifier: Apache-2.0
"""Looking at many nodes at once: none waits for another, none spoils another's answer."""

from __future__ import annotations

import resource
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from selftest.unit.kept import TAKEN

from kdumpcheck.evidence import Evidence
from kdumpcheck.fleet import progress as progress_module
from kdumpcheck.fleet.fleet import DEFAULT_FANOUT, default_fanout, gather
from kdumpcheck.fleet.look import Look
from kdumpcheck.nodes import Node

NODES = [Node(f"ncn-w{number:03}") for number in range(1, 9)]
PATIENCE = 120.0


def answered(node: Node) -> Look:
    return Look(Evidence(node.name, TAKEN, "test", complete=True))


def test_answers_come_in_the_order_of_the_nodes_and_progress_counts_them() -> None:
    first_may_end = threading.Event()
    told: list[tuple[int, int]] = []

    def look_at(node: Node) -> Look:
        if node is NODES[0]:
            assert first_may_end.wait(PATIENCE)
        return answered(node)

    def progress(done: int, total: int, slow: Sequence[str]) -> None:
        told.append((done, total))
        if done == len(NODES) - 1:
            first_may_end.set()

    looks = gather(NODES, look_at, fanout=2, progress=progress)
    assert list(looks) == [node.name for node in NODES]
    # Once a second it is told again, so that a number may come twice. The slow first one never holds the others up.
    assert sorted({done for done, _ in told}) == list(range(told[0][0], 9))
    assert told[-1] == (8, 8)
    assert {total for _, total in told} == {8}


def test_a_slow_node_is_named_while_it_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "SLOW", 0.0)
    named = threading.Event()

    def look_at(node: Node) -> Look:
        if node is NODES[2]:
            assert named.wait(PATIENCE), "it was never called slow"
        return answered(node)

    def progress(done: int, total: int, slow: Sequence[str]) -> None:
        if done == len(NODES) - 1 and slow == (NODES[2].name,):
            named.set()

    gather(NODES, look_at, fanout=4, progress=progress)
    assert named.is_set()


def test_nodes_that_answer_soon_are_not_called_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "SLOW", 1000.0)
    told: list[Sequence[str]] = []
    gather(NODES, answered, fanout=2, progress=lambda done, total, slow: told.append(slow))
    assert set(told) == {()}


def test_the_longest_looked_at_is_named_first_and_who_failed_is_named_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress_module, "SLOW", 0.0)
    watch, names = progress_module.Watch(), [node.name for node in NODES[:3]]
    seen: list[Sequence[str]] = []

    def look_at(node: Node) -> Look:
        if node is NODES[2]:
            seen.append(watch.slow())
            raise RuntimeError
        with suppress(RuntimeError):
            watch.watched(look_at, NODES[NODES.index(node) + 1])
        return answered(node)

    watch.watched(look_at, NODES[0])
    assert seen == [tuple(names)]
    assert watch.slow() == ()


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

    def interrupt(done: int, total: int, slow: Sequence[str]) -> None:
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
