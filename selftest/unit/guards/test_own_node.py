# SPDX-License-Identifier: Apache-2.0
"""The operator's own machine is not touched by mistake."""

from __future__ import annotations

import pytest

from kdumpcheck.guards import not_this_machine
from kdumpcheck.nodes import Node


@pytest.mark.parametrize("name", ["ncn-m001", "NCN-M001.local", "ncn-m001.nmn"])
@pytest.mark.parametrize("disrupts", [True, False])
def test_ones_own_machine_is_refused_by_whatever_name(name: str, disrupts: bool) -> None:
    gate = not_this_machine(Node(name), "ncn-m001-pit", disrupts=disrupts)
    assert not gate.holds
    assert "is the machine you are on: do it from another one" in gate.said


def test_another_machine_is_not() -> None:
    assert not_this_machine(Node("ncn-m002"), "ncn-m001", disrupts=True).holds


def test_who_says_local_means_it_but_not_to_lose_it() -> None:
    here = Node("localhost", hostspec="local://")
    assert not_this_machine(here, "ncn-m001", disrupts=False).holds
    assert not not_this_machine(here, "ncn-m001", disrupts=True).holds
