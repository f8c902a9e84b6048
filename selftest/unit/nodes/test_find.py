# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError, find_inventory
from kdumpcheck.nodes.find import Found, search

TEXT = "kdumpcheck-inventory: 1\nnodes: {ncn-w001: }\n"


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT)
    return path


def test_the_order_in_which_places_are_searched(tmp_path: Path) -> None:
    cwd, home = tmp_path / "cwd", tmp_path / "home"
    environ = {"GOSS_TEST_NCN_LIST": "ncn-m001"}
    assert search({}, cwd, home) is None
    assert search(environ, cwd, home) == Found("by $GOSS_TEST_NCN_LIST", names="ncn-m001")
    for place, why in (
        (home / ".local/state/kdumpcheck/lab/inventory.yaml", "left by the running lab"),
        (home / ".config/kdumpcheck/inventory.yaml", "in your settings"),
        (cwd / "inventory.yaml", "in the current directory"),
        (cwd / "kdumpcheck.yaml", "in the current directory"),
    ):
        put(place)
        assert search(environ, cwd, home) == Found(why, path=place)
    environ["KDUMPCHECK_INVENTORY"] = "site.ini"
    assert search(environ, cwd, home) == Found("by $KDUMPCHECK_INVENTORY", path=cwd / "site.ini")


@pytest.mark.parametrize(("value", "path"), [("/a/b", "/a/b"), ("~/b", "/home/op/b"), ("b", "/cwd/b")])
def test_the_variable_s_path(value: str, path: str) -> None:
    found = search({"KDUMPCHECK_INVENTORY": value}, Path("/cwd"), Path("/home/op"))
    assert found == Found("by $KDUMPCHECK_INVENTORY", path=Path(path))


@pytest.mark.parametrize("name", ["KDUMPCHECK_INVENTORY", "GOSS_TEST_NCN_LIST"])
def test_an_empty_variable_is_none(name: str, tmp_path: Path) -> None:
    assert search({name: "  "}, tmp_path, tmp_path) is None


def test_what_is_found_is_opened_and_says_how_it_was_found(tmp_path: Path) -> None:
    path = put(tmp_path / "state/kdumpcheck/lab/inventory.yaml")
    inventory = find_inventory({"XDG_STATE_HOME": str(tmp_path / "state")}, tmp_path, tmp_path)
    assert inventory.describe() == (f"1 node from {path}, found left by the running lab (read as kdumpcheck inventory)")


def test_nothing_found_is_no_inventory(tmp_path: Path) -> None:
    assert find_inventory({}, tmp_path, tmp_path).origin is None


def test_the_goss_list_is_the_last_resort(tmp_path: Path) -> None:
    assert list(find_inventory({"GOSS_TEST_NCN_LIST": "ncn-m001"}, tmp_path, tmp_path).nodes) == ["ncn-m001"]


def test_a_named_inventory_that_is_missing_is_not_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "inventory.yaml")
    with pytest.raises(InventoryError, match=r"No such file or directory \(found by \$KDUMPCHECK_INVENTORY\)"):
        find_inventory({"KDUMPCHECK_INVENTORY": "absent"}, tmp_path, tmp_path)
