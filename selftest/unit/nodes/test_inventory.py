# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from kdumpcheck.nodes import Inventory, InventoryError, Node


def plane() -> Inventory:
    names = ("ncn-w010", "ncn-w002", "ncn-m001", "ncn-s001", "uan01")
    return Inventory.of(map(Node, names), {"canary": ["ncn-w010"]}, origin="site.yaml", loader="a test")


def names(inventory: Inventory, expression: str) -> str:
    return " ".join(node.name for node in inventory.select(expression))


def test_nodes_and_choices_come_in_natural_order() -> None:
    assert list(plane().nodes) == ["ncn-m001", "ncn-s001", "ncn-w002", "ncn-w010", "uan01"]
    assert names(plane(), "ncn-w010,ncn-w002,ncn-m001") == "ncn-m001 ncn-w002 ncn-w010"


def test_everything_is_the_default_choice() -> None:
    assert [node.name for node in plane().select()] == list(plane().nodes)


def test_roles_are_groups() -> None:
    assert names(plane(), "@worker!@canary,@master") == "ncn-m001 ncn-w002"


def test_a_group_written_down_wins_over_a_role_of_its_name() -> None:
    inventory = Inventory.of([Node("ncn-w001"), Node("ncn-w002")], {"worker": ["ncn-w001"]}, origin="x", loader="y")
    assert names(inventory, "@worker") == "ncn-w001"


def test_selected_nodes_are_the_inventory_s() -> None:
    node = Node("ncn-w001", address="127.0.3.1", port=2222)
    assert Inventory.of([node], origin="x", loader="y").select("ncn-w001") == (node,)


def test_an_unknown_node_is_one_line_with_the_closest_name() -> None:
    with pytest.raises(InventoryError) as error:
        plane().select("ncn-w0l0")
    assert str(error.value) == "there is no node 'ncn-w0l0'; did you mean 'ncn-w010'?"


@pytest.mark.parametrize("expression", ["@canary!@worker", "ncn-m001&ncn-s001", "nothing*"])
def test_an_empty_choice_is_refused(expression: str) -> None:
    with pytest.raises(InventoryError, match="is empty: nothing to look at"):
        plane().select(expression)


def test_without_an_inventory_names_are_nodes() -> None:
    inventory = Inventory.none()
    assert inventory.select("ncn-m001,ncn-w[001-002]") == (Node("ncn-m001"), Node("ncn-w001"), Node("ncn-w002"))
    assert "ssh_config" in inventory.describe()


def test_without_an_inventory_there_are_no_groups() -> None:
    with pytest.raises(InventoryError, match="'@worker' needs an inventory"):
        Inventory.none().select("@worker")


def test_describe_says_where_from_and_who_read_it() -> None:
    assert plane().describe() == "5 nodes from site.yaml (read as a test)"


@pytest.mark.parametrize(
    ("nodes", "groups", "problem"),
    [
        ([], {}, "site: no nodes in it"),
        (["ncn-w001", "ncn-w001"], {}, "site: node ncn-w001 is there twice"),
        (["ncn-w001"], {"canary": ["ncn-w002"]}, "site: group 'canary' has the unknown member 'ncn-w002'"),
        ([f"n{i}" for i in range(100_001)], {}, "site: more than 100000 nodes"),
    ],
)
def test_what_is_no_inventory_is_refused(nodes: list[str], groups: dict[str, list[str]], problem: str) -> None:
    with pytest.raises(InventoryError) as error:
        Inventory.of(map(Node, nodes), groups, origin="site", loader="a test")
    assert str(error.value) == problem


def test_groups_too_large_for_memory_are_refused() -> None:
    members = [f"n{i}" for i in range(50_000)]
    groups = {f"g{i}": members for i in range(50)}
    with pytest.raises(InventoryError, match="its groups have more than 2000000 members in all"):
        Inventory.of(map(Node, members), groups, origin="site", loader="a test")


def test_an_inventory_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        plane().nodes["other"] = Node("other")  # type: ignore[index] # that is the point
