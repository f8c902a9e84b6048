# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kdumpcheck.nodes import Inventory, Node, dump, load_inventory


def back(directory: Path, inventory: Inventory) -> Inventory:
    path = directory / "again.yaml"
    path.write_text(dump(inventory))
    return load_inventory(path, {})


@pytest.mark.parametrize(
    "case",
    [
        "own/lab.yaml",
        "ansible/site.ini",
        "ansible/site.yaml",
        "ansible/cfs.ini",
        "sls/sls_input_file.json",
        "hosts/etc-hosts",
    ],
)
def test_reading_it_back_gives_the_same(case: str, cases: Path, tmp_path: Path) -> None:
    before = load_inventory(cases / case, {})
    after = back(tmp_path, before)
    assert (after.nodes, after.groups) == (before.nodes, before.groups)
    assert (after.ssh_config, after.known_hosts) == (before.ssh_config, before.known_hosts)


def test_nodes_alike_share_a_line_and_defaults_are_left_out() -> None:
    nodes = [Node("ncn-m001", "127.0.3.1", 2222, bmc="127.0.4.1:623"), *map(Node, ("ncn-w001", "ncn-w002"))]
    text = dump(Inventory.of(nodes, origin="lab", loader="lab", ssh_config=Path("ssh_config")))
    assert yaml.safe_load(text) == {
        "kdumpcheck-inventory": 1,
        "ssh_config": "ssh_config",
        "nodes": {
            "ncn-m001": {"address": "127.0.3.1", "port": 2222, "bmc": "127.0.4.1:623"},
            "ncn-w[001-002]": {},
        },
    }


NAMES = st.one_of(
    st.builds("ncn-{}{:03d}".format, st.sampled_from("mwsx"), st.integers(0, 99)),
    st.sampled_from(["yes", "no", "null", "1", "01", "1e3", "0x10", "2020-01-01", "on"]),
)
NODES = st.builds(
    Node,
    NAMES,
    address=st.sampled_from([None, "10.1.1.1", "10.1", "::1", "22:22"]),
    port=st.one_of(st.none(), st.integers(1, 65535)),
    user=st.sampled_from([None, "root", "123", "no"]),
    role=st.sampled_from([None, "worker", "null", "7"]),
    bmc=st.sampled_from([None, "b:623", "12:34"]),
    hostspec=st.sampled_from([None, "local://"]),
)


@given(st.lists(NODES, min_size=1, max_size=8, unique_by=lambda node: node.name), st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_any_inventory_comes_back(tmp_path: Path, nodes: list[Node], data: st.DataObject) -> None:
    members = st.lists(st.sampled_from([node.name for node in nodes]), min_size=1)
    groups = data.draw(st.dictionaries(st.sampled_from(["canary", "yes", "7", "worker", "a.b"]), members))
    before = Inventory.of(nodes, groups, origin="x", loader="y")
    after = back(tmp_path, before)
    assert (after.nodes, after.groups) == (before.nodes, before.groups)
