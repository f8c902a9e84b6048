# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from kdumpcheck.nodes import InventoryError, Node, fold, load_inventory

HEAD = "kdumpcheck-inventory: 1\n"


def write(directory: Path, text: str) -> Path:
    path = directory / "inventory.yaml"
    path.write_text(text)
    return path


def test_everything_a_node_can_be_told(cases: Path) -> None:
    inventory = load_inventory(cases / "own" / "lab.yaml", {})
    key = str(cases / "own" / "keys" / "id_ed25519")
    assert inventory.nodes == {
        "image": Node("image", user="root", role="worker", hostspec="chroot:///mnt/root", identity_file=key),
        "ncn-m001": Node("ncn-m001", "127.0.3.1", 2222, "root", "master", "127.0.4.1:623", identity_file=key),
        "ncn-w001": Node("ncn-w001", user="root", identity_file=key),
        "ncn-w002": Node("ncn-w002", user="root", identity_file=key),
        "ncn-w003": Node("ncn-w003", user="root", identity_file=key),
        "ncn-w010": Node("ncn-w010", user="crayadm", port=2200, identity_file=key),
    }


def test_groups_are_node_sets_of_nodes_roles_and_each_other(cases: Path) -> None:
    groups = load_inventory(cases / "own" / "lab.yaml", {}).groups
    assert {name: fold(members) for name, members in groups.items()} == {
        "all": "image,ncn-m001,ncn-w[001-003,010]",
        "master": "ncn-m001",
        "worker": "image,ncn-w[001-003,010]",
        "canary": "ncn-w001",
        "rest": "image,ncn-w[002-003,010]",
        "both": "ncn-m001,ncn-w001",
    }


def test_paths_are_beside_the_file(cases: Path) -> None:
    inventory = load_inventory(cases / "own" / "lab.yaml", {})
    assert inventory.ssh_config == cases / "own" / "ssh_config"
    assert inventory.known_hosts == Path("/var/lib/lab/known_hosts")
    assert inventory.describe() == f"6 nodes from {cases / 'own' / 'lab.yaml'} (read as kdumpcheck inventory)"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (HEAD, ": no nodes in it"),
        (HEAD + "nodes:\n", ": no nodes in it"),
        ("kdumpcheck-inventory: 2\nnodes: {a: }\n", ":1: kdumpcheck-inventory is 2; this kdumpcheck reads version 1"),
        ("kdumpcheck-inventory: yes\n", ":1: kdumpcheck-inventory of the inventory must be a whole number"),
        ("nodes: {a: {}}\n", ": for a kdumpcheck inventory the line `kdumpcheck-inventory: 1` is missing"),
        (HEAD + "node: {}\n", ":2: unknown key 'node' in the inventory; did you mean 'nodes'?"),
        (HEAD + "nodes:\n  a: {adress: b}\n", ":3: unknown key 'adress' in node a; did you mean 'address'?"),
        (HEAD + "nodes: [a]\n", ":2: nodes must be a mapping, not a list"),
        (HEAD + "nodes:\n  a: 10.1.1.1\n", ":3: node a must be a mapping, not text"),
        (HEAD + "nodes:\n  7: {}\n", ":3: '7' in nodes is a number: put it in quotes"),
        (HEAD + "nodes:\n  a: {address: 10.1}\n", ":3: address of node a is a number, not text: put it in quotes"),
        (HEAD + "nodes:\n  a: {port: '22'}\n", ":3: port of node a must be a whole number, not text"),
        (HEAD + "nodes:\n  a: {port: true}\n", ":3: port of node a must be a whole number, not true/false"),
        (HEAD + "nodes:\n  a: {port: 0}\n", ":3: a: port 0 is not between 1 and 65535"),
        (HEAD + "nodes:\n  a: {address: ''}\n", ":3: a: '' is not a usable address"),
        (HEAD + "nodes:\n  a b: {}\n", ":3: 'a b': separate node names with commas, not blanks"),
        (HEAD + "nodes:\n  '@all': {}\n", ":3: '@all' needs an inventory"),
        (HEAD + "nodes:\n  a[1-3]: {}\n  a2: {}\n", ":4: node a2 is there twice, first at"),
        (HEAD + "nodes:\n  a: {}\n  a: {}\n", ":4: 'a' is there twice, first in line 3"),
        (HEAD + "nodes:\n  a[1-2]: {address: b}\n", ":3: address is given once for 2 nodes; give each its own"),
        (HEAD + "nodes:\n  a[1-2]: {bmc: b}\n", ":3: bmc is given once for 2 nodes; give each its own"),
        (HEAD + "nodes:\n  a[1-99999]: {}\n  b[1-9]: {}\n", ":4: more than 100000 nodes"),
        (HEAD + "nodes:\n  a[1-999999]: {}\n", ":3: 'a[1-999999]' stands for more than 100000 nodes"),
        (HEAD + "defaults: {password: x}\nnodes: {a: }\n", ":2: 'password' of defaults: no password in an inventory"),
        (HEAD + "defaults: {port: x}\nnodes: {a: }\n", ":2: port of defaults must be a whole number, not text"),
        (HEAD + "ssh_config: 3\nnodes: {a: }\n", ":2: ssh_config of the inventory is a number, not text"),
        (HEAD + "ssh_config: ~nobody-we-know/x\nnodes: {a: }\n", ":2: ssh_config: there is no such home directory"),
        (HEAD + "nodes: {a: }\ngroups: {g: b}\n", ":3: there is no node 'b'"),
        (HEAD + "nodes: {a: }\ngroups: {g: '@h'}\n", ":3: there is no group '@h'"),
        (HEAD + "nodes: {a: }\ngroups: {g: 3}\n", ":3: group g must be a node set like 'ncn-w[001-003]', not a number"),
        (HEAD + "nodes: {a: }\ngroups: {g: [3]}\n", ":3: group g must be a node set like 'ncn-w[001-003]', not a list"),
        (HEAD + "nodes: {a: }\ngroups: {g: a!a}\n", ":3: group g has no nodes"),
        (HEAD + "nodes: {a: }\ngroups: {g: ''}\n", ":3: the node set is empty"),
        (HEAD + "nodes: {a: }\ngroups: {all: a}\n", ":3: 'all' cannot be the name of a group"),
        (HEAD + "nodes: {a: }\ngroups: {'a,b': a}\n", ":3: 'a,b' cannot be the name of a group"),
        (HEAD + "nodes: {a: }\ngroups: {g: '@g'}\n", ":3: groups defined by each other: g needs @g"),
        (HEAD + "nodes: {a: }\ngroups:\n  g: '@h'\n  h: a,@g\n", "groups defined by each other: "),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InventoryError) as error:
        load_inventory(path, {})
    assert str(error.value).startswith(f"{path}{problem}" if problem.startswith(":") else str(path))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def test_many_groups_of_each_other_take_no_time(tmp_path: Path) -> None:
    """Each group is worked out once: doubled thirty times over, the naive way would take a billion steps."""
    chain = "\n".join(f"  g{i}: '@g{i + 1},@g{i + 1}'" for i in range(30))
    path = write(tmp_path, f"{HEAD}nodes: {{a: }}\ngroups:\n{chain}\n  g30: a\n")
    assert load_inventory(path, {}).groups["g0"] == ("a",)


def test_a_bmc_may_have_a_login_and_a_console_of_its_own(tmp_path: Path) -> None:
    text = """\
defaults: {bmc_user: root, bmc_password_file: secrets/bmc, console: "file:consoles/{node}"}
nodes:
  ncn-m001: {bmc: site-bmc.example.com, bmc_user: admin, bmc_password_file: ~/m001, console: "command:conman -j {node}"}
  ncn-w[001-002]: {}
  ncn-w003: {console: sol, bmc_password_file: /etc/bmc}
"""
    nodes = load_inventory(write(tmp_path, HEAD + text), {}).nodes
    told = {name: (node.bmc_user, node.bmc_password_file, node.console) for name, node in nodes.items()}
    usual = ("root", f"{tmp_path}/secrets/bmc", f"file:{tmp_path}/consoles/{{node}}")
    assert told == {
        "ncn-m001": ("admin", f"{Path.home()}/m001", "command:conman -j {node}"),
        "ncn-w001": usual,
        "ncn-w002": usual,
        "ncn-w003": ("root", "/etc/bmc", "sol"),
    }


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("  a: {bmc_password: x}", "'bmc_password' of node a: no password in an inventory"),
        ("  a: {password: x}", "'password' of node a: no password in an inventory"),
        ("  a: {sudo_password: x}", "'sudo_password' of node a: no password in an inventory"),
        ("  a: {bmc_user: a b}", "a: 'a b' is not a usable bmc_user"),
        ("  a: {bmc_user: 17 characters...}", "is not a usable bmc_user"),
        ("  a: {console: telnet}", "a: 'telnet' is not a usable console"),
        ('  a: {console: "file:"}', "a: 'file:' is not a usable console"),
        ('  a: {console: "command:a\\nb"}', "is not a usable console"),
        ("  a: {console: [sol]}", "console of node a is a list, not text"),
    ],
)
def test_a_login_or_console_that_cannot_be_is_one_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InventoryError) as error:
        load_inventory(write(tmp_path, f"{HEAD}nodes:\n{text}\n"), {})
    assert problem in str(error.value)
    assert "inventory.yaml:3: " in str(error.value)
    assert "\n" not in str(error.value)


def test_the_guide_shows_one_as_it_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "guide.md").read_text()
    file = tmp_path / "nodes.yaml"
    file.write_text(HEAD + text.partition(f"```yaml\n{HEAD}")[2].partition("```")[0])
    inventory = load_inventory(file)
    assert [node.name for node in inventory.select("@rack-7")] == ["ncn-m001", "ncn-w003", "ncn-w004"]
    assert len(inventory.select("@worker")) == 4
    assert {node.bmc_password_file for node in inventory.select("@all")} == {str(tmp_path / "bmc.secret")}
