# SPDX-License-Identifier: Apache-2.0
"""Which nodes are worked on at once: so many, never two of one role, none after its role has lost one."""

from __future__ import annotations

import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from kdumpcheck.guards import Flights, fly
from kdumpcheck.guards.flights import in_order
from kdumpcheck.nodes import Node


def nodes(*names: str) -> list[Node]:
    return [Node(name) for name in names]


def test_the_order_is_that_of_the_vendors_reboots() -> None:
    given_ = nodes("ncn-m001", "ncn-w001", "ncn-m002", "ncn-w010", "ncn-s001", "ncn-w002", "other")
    assert [node.name for node in in_order(given_)] == [
        *("other", "ncn-s001", "ncn-w010", "ncn-w002", "ncn-w001", "ncn-m002", "ncn-m001")
    ]


def test_one_at_a_time_unless_more_are_allowed() -> None:
    flights = Flights(nodes("ncn-w001", "ncn-s001"), 1)
    first = flights.begin()
    assert first is not None
    second: list[Node | None] = []
    waiting = threading.Thread(target=lambda: second.append(flights.begin()))
    waiting.start()
    waiting.join(0.2)
    assert second == []
    flights.end(first)
    waiting.join(10)
    assert [node.name for node in second if node] == ["ncn-w001"]


def test_never_two_of_one_role_however_many_are_allowed() -> None:
    flights = Flights(nodes("ncn-w001", "ncn-w002", "ncn-s001"), 9)
    flying = [flights.begin(), flights.begin()]
    assert [node.name for node in flying if node] == ["ncn-s001", "ncn-w002"]


def test_a_role_that_lost_a_node_stays_on_the_ground() -> None:
    flights = Flights(nodes("ncn-w001", "ncn-w002", "ncn-s001"), 1)
    flights.ground(Node("ncn-w002"), "it has not come back")
    assert flights.grounded(Node("ncn-w001")) == "ncn-w002 of the same role was lost: it has not come back"
    assert flights.grounded(Node("ncn-s001")) == ""


def test_cancelled_nothing_more_is_handed_out() -> None:
    flights = Flights(nodes("ncn-w001", "ncn-w002"), 1)
    assert flights.begin() is not None
    assert [node.name for node in flights.cancel()] == ["ncn-w001"]
    assert flights.begin() is None


@settings(max_examples=30, deadline=None)
@given(
    names=st.lists(st.from_regex(r"ncn-[mws]00[1-9]", fullmatch=True), unique=True, max_size=12), most=st.integers(1, 4)
)
def test_every_node_is_worked_on_once_and_within_the_limits(names: list[str], most: int) -> None:
    lock, flying, seen, crowds = threading.Lock(), list[Node](), list[str](), list[bool]()
    flights = Flights(nodes(*names), most)

    def work(node: Node) -> None:
        with lock:
            flying.append(node)
            seen.append(node.name)
            crowds.append(len(flying) <= most and len({each.role for each in flying}) == len(flying))
        with lock:
            flying.remove(node)

    for thread in fly(flights, work, most):
        thread.join(30)
    assert sorted(seen) == sorted(names)
    assert all(crowds)
