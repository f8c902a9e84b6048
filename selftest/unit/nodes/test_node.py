# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.nodes import InventoryError, Node


@pytest.mark.parametrize(
    ("name", "role"),
    [("ncn-m001", "master"), ("ncn-w010", "worker"), ("ncn-s999", "storage"), ("uan01", None), ("ncn-x001", None)],
)
def test_role_is_told_by_the_name(name: str, role: str | None) -> None:
    assert Node(name).role == role


def test_role_of_the_inventory_counts_more() -> None:
    assert Node("ncn-w001", role="canary").role == "canary"


def test_bmc_is_the_inventory_s_or_the_custom() -> None:
    assert Node("ncn-w001").bmc_address == "ncn-w001-mgmt"
    assert Node("ncn-m001", bmc="10.99.0.11:623").bmc_address == "10.99.0.11:623"


def test_node_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Node("ncn-w001").name = "other"  # type: ignore[misc] # that is the point


@pytest.mark.parametrize(
    "name",
    ["", " ", "-oops", "a b", "a;b", "a/b", "a\n", "x" * 254, "a" * 64, "a..b", "ünx", "a%d", "a[1]", "@all", "."],
)
def test_what_is_no_host_name_is_refused(name: str) -> None:
    with pytest.raises(InventoryError, match="not a usable node name"):
        Node(name)


@pytest.mark.parametrize(
    "name", ["a", "ncn-w001", "x3000c0s1b0n0", "10.1.2.3", "ncn-m001.nmn", "lab_node", ".".join(["a" * 49] * 5)]
)
def test_host_names_are_taken(name: str) -> None:
    assert Node(name).name == name


@pytest.mark.parametrize(
    "values",
    [
        {"address": ""},
        {"address": "-oProxyCommand=x"},
        {"address": "a b"},
        {"bmc": "$(id)"},
        {"user": "root;id"},
        {"user": "-l"},
        {"role": "a role"},
        {"hostspec": "local"},
        {"hostspec": "docker://a b"},
        {"identity_file": "/a\nb"},
        {"identity_file": "/" + "a" * 5000},
    ],
)
def test_unusable_values_are_refused_by_name(values: dict[str, str]) -> None:
    with pytest.raises(InventoryError, match=rf"ncn-w001: .* is not a usable {next(iter(values))}"):
        Node("ncn-w001", **values)  # type: ignore[arg-type] # only text fields are tried


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_port_has_a_range(port: int) -> None:
    with pytest.raises(InventoryError, match=f"ncn-w001: port {port} is not between 1 and 65535"):
        Node("ncn-w001", port=port)


@pytest.mark.parametrize(
    "values",
    [
        {"hostspec": "ssh://root:hunter2@ncn-w001"},
        {"address": "root:hunter2@ncn-w001"},
        {"user": "root:hunter2@x"},
        {"role": "ansible_ssh_pass=hunter2"},
    ],
)
def test_a_password_in_the_wrong_place_is_not_repeated(values: dict[str, str]) -> None:
    with pytest.raises(InventoryError) as error:
        Node("ncn-w001", **values)  # type: ignore[arg-type] # only text fields are tried
    assert "hunter2" not in str(error.value)


@given(st.text())
def test_any_text_is_a_name_or_one_line_of_plain_ascii(text: str) -> None:
    try:
        assert Node(text).name.isascii()
    except InventoryError as error:
        assert str(error).isascii()
        assert "\n" not in str(error)
