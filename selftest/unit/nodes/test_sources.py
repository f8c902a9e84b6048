# SPDX-License-Identifier: Apache-2.0
"""SLS dumps, hosts files and the list in the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError, Node, load_inventory
from kdumpcheck.nodes.sources.goss import read_goss


def test_sls_knows_the_ncns_and_their_roles(cases: Path) -> None:
    inventory = load_inventory(cases / "sls" / "sls_input_file.json", {})
    assert list(inventory.nodes) == ["ncn-m001", "ncn-s001", "ncn-w002", "ncn-w010"]
    assert [node.role for node in inventory.nodes.values()] == ["master", "storage", "worker", "worker"]
    assert inventory.describe().endswith("(read as SLS dump)")


def test_sls_search_answers_are_read_too(cases: Path) -> None:
    assert list(load_inventory(cases / "sls" / "hardware_search.json", {}).nodes) == ["ncn-w004"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"Hardware": {}}', ": SLS hardware without an NCN"),
        ('{"Hardware": {"x": {"ExtraProperties": {"Role": "Management", "Aliases": "ncn-w001"}}}}', "without an NCN"),
        ('{"Hardware": 3}', ": its Hardware is neither a mapping nor a list"),
        ('{"Hardware": {"a": 1,\n}}', ":2: not JSON: "),
        ('{"Hardware": {}, "Hardware": {}}', ": 'Hardware' is there twice"),
        ("[" * 50_000, ": JSON that is too deep"),
        ('{"a": ' + "9" * 5000 + "}", ": JSON that is too deep, or has too long a number"),
        ("[]", ": no inventory in it: expected a mapping, found a list"),
        (
            '[{"Xname": "x", "ExtraProperties": {"Role": "Management", "Aliases": ["ncn-w001", "ncn-w001"]}}]',
            ": node ncn-w001 is there twice",
        ),
        (
            '[{"Xname": "x", "ExtraProperties": {"Role": "Management", "Aliases": ["ncn-' + "a" * 99 + '"]}}]',
            "is not a usable node name",
        ),
    ],
)
def test_broken_sls_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "sls_input_file.json"
    path.write_text(text)
    with pytest.raises(InventoryError) as error:
        load_inventory(path, {})
    assert str(error.value).startswith(str(path))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_hosts_files_give_addresses_and_bmcs(cases: Path) -> None:
    inventory = load_inventory(cases / "hosts" / "etc-hosts", {})
    assert list(inventory.nodes.values()) == [
        Node("ncn-m001", "10.252.1.4", bmc="10.99.0.11"),
        Node("ncn-s010", "10.252.1.8"),
        Node("ncn-w001", "10.252.1.6", bmc="10.254.1.7"),
        Node("ncn-w002", "10.103.8.20"),
    ]
    assert inventory.describe().endswith("(read as hosts file)")


def test_a_hosts_file_without_ncns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n10.1.1.1 ncn-w001-mgmt\n")
    with pytest.raises(InventoryError, match="a hosts file without an NCN"):
        load_inventory(path, {})


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ("ncn-m001 ncn-w001", "ncn-m001 ncn-w001"),
        ("ncn-m001,ncn-w001", "ncn-m001 ncn-w001"),
        (" ncn-w001 ,\n ncn-m001\tncn-w001, ", "ncn-m001 ncn-w001"),
        ("ncn-w[001,003]", "ncn-w001 ncn-w003"),
    ],
)
def test_the_goss_list(value: str, names: str) -> None:
    inventory = read_goss(value)
    assert list(inventory.nodes) == names.split()
    assert inventory.origin == "$GOSS_TEST_NCN_LIST"


@pytest.mark.parametrize("value", ["", " , ", "ncn-w001;reboot", "@worker"])
def test_a_broken_goss_list_is_one_line(value: str) -> None:
    with pytest.raises(InventoryError, match=r"^\$GOSS_TEST_NCN_LIST: "):
        read_goss(value)
