# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.nodes import Inventory, InventoryError, Node, load_inventory
from kdumpcheck.nodes.document import Table
from kdumpcheck.nodes.sources.ansible import to_inventory
from kdumpcheck.nodes.sources.ansible_hosts import expand_pattern
from kdumpcheck.nodes.sources.ansible_tool import _data

FILES = ("site.ini", "site.yaml", "cfs.ini", "precedence.ini")


def write(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text)
    return path


def read(directory: Path, text: str, name: str = "hosts.ini") -> Inventory:
    return load_inventory(write(directory, name, text), {})


@pytest.mark.parametrize("name", FILES)
def test_the_static_part_is_read_as_ansible_itself_reads_it(name: str, cases: Path) -> None:
    ours = load_inventory(cases / "ansible" / name, {})
    recorded = json.loads((cases / "ansible" / f"{name}.ansible-core-2.19.json").read_text())
    theirs = to_inventory(_data(Table.of(Path(name), "recorded", recorded), name), "recorded")
    assert ours.nodes == theirs.nodes
    assert ours.groups == theirs.groups


def test_what_the_site_s_inventory_says(cases: Path) -> None:
    inventory = load_inventory(cases / "ansible" / "site.ini", {})
    assert inventory.nodes["ncn-m001"] == Node("ncn-m001", "10.102.3.4", 2222, "root", bmc="10.99.0.11")
    assert inventory.nodes["ncn-w010"] == Node("ncn-w010", port=2200, user="crayadm")
    assert inventory.nodes["ncn-s003"].identity_file == "/root/.ssh/storage"
    assert len(inventory.groups["ncn"]) == 11
    assert "ansible-inventory is not installed" in inventory.describe()


def test_of_two_names_for_one_thing_the_last_wins_as_in_ansible(cases: Path) -> None:
    assert load_inventory(cases / "ansible" / "precedence.ini", {}).nodes["h4"].address == "10.0.0.44"


def test_a_group_s_value_wins_over_the_one_it_is_in(cases: Path) -> None:
    assert load_inventory(cases / "ansible" / "precedence.ini", {}).nodes["h5"].user == "from_child"


@pytest.mark.parametrize("name", ["site.ini", "site.yaml"])
def test_passwords_are_noted_and_never_kept(name: str, cases: Path) -> None:
    inventory = load_inventory(cases / "ansible" / name, {})
    assert "in-plain-sight" in (cases / "ansible" / name).read_text()
    assert "in-plain-sight" not in repr(inventory)
    assert len(inventory.notes) == 1
    assert "ansible_become_password, ansible_ssh_pass found and not used" in inventory.notes[0]


def test_cfs_groups_tell_the_role_of_an_xname(cases: Path) -> None:
    inventory = load_inventory(cases / "ansible" / "cfs.ini", {})
    assert inventory.nodes["x3000c0s13b0n0"].role == "storage"
    assert inventory.groups["master"] == inventory.groups["Management_Master"]


@pytest.mark.parametrize(
    ("text", "hostspec"),
    [
        ("here ansible_connection=local", "local://"),
        ("box ansible_connection=community.docker.docker", "docker://box"),
        ("box ansible_host=deb12 ansible_connection=containers.podman.podman", "podman://deb12"),
        ("box ansible_connection=ssh", None),
        ("box ansible_connection=smart", None),
    ],
)
def test_connections(tmp_path: Path, text: str, hostspec: str | None) -> None:
    (node,) = read(tmp_path, text).select()
    assert node.hostspec == hostspec


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[a\nx\n", ":1: '[a' is not a host name or range"),
        ("[a:b]\n", ":1: not a section like [worker]"),
        ("[a b]\n", ":1: not a section like [worker]"),
        ("x y\n", ":1: behind the host only variables may follow, as key=value"),
        ("\nx a='b\n", ":2: a quote is not closed"),
        ("x[001:10]\n", ":1: 'x[001:10]': write both ends of [001:10] with as many digits"),
        ("x[3:1]\n", ":1: 'x[3:1]': the range [3:1] is empty"),
        ("x[1:3:0]\n", ":1: 'x[1:3:0]': the range [1:3:0] is empty"),
        ("x[1-3]\n", ":1: 'x[1-3]': [1-3] is not a range like [001:003]"),
        ("x[1:999999999]\n", ":1: 'x[1:999999999]' stands for more than 100000 hosts"),
        ("x[1:1000]y[1:1000]\n", ":1: 'x[1:1000]y[1:1000]' stands for more than 100000 hosts"),
        ("[1:1]" * 9 + "a\n", "more than 8 ranges in one name"),
        ("x ansible_port=ssh\n", ": x: ansible_port is not a number"),
        ("x ansible_port=99999\n", ": x: port 99999 is not between 1 and 65535"),
        ("x ansible_host={{other}}\n", ": x: ansible_host or ansible_ssh_host is a template"),
        ("x ansible_host=a;b\n", ": x: 'a;b' is not a usable address"),
        ("x ansible_connection=winrm\n", ": x: ansible_connection 'winrm' is not one kdumpcheck can use"),
        ("x\n[g:vars]\nansible_user\n", ":3: expected a variable, as key=value"),
        ("x\n[g:children]\na b\n", ":3: not the name of a group"),
        ("x\n[a:children]\nb\n[b:children]\na\n", ": groups inside of each other: "),
        ("x\n[g:vars]\nansible_group_priority=high\n", ": ansible_group_priority of group 'g' is not a whole number"),
        ("# nothing\n", ": no nodes in it"),
        ("", ": no nodes in it"),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InventoryError) as error:
        read(tmp_path, text)
    assert str(error.value).startswith(str(tmp_path / "hosts.ini"))
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("all: [a]\n", ":1: group 'all' must be a mapping, not a list"),
        ("all:\n  host: {a: }\n", ":2: unknown key 'host' in group 'all'; did you mean 'hosts'?"),
        ("all:\n  hosts: [a]\n", ":2: hosts must be a mapping, not a list"),
        ("all:\n  hosts:\n    a: b\n", ":3: host 'a' must be a mapping, not text"),
        ("all:\n  hosts:\n    a: {ansible_host: [b]}\n", ":3: ansible_host must be plain text or a number, not a list"),
        ("all:\n  hosts:\n    a[1-3]:\n", ":3: 'a[1-3]': [1-3] is not a range"),
        ("all:\n  children:\n    g: 3\n", ":3: group 'g' must be a mapping, not a number"),
        ("all:\n  hosts:\n    3:\n", ":3: '3' in hosts is a number: put it in quotes"),
        ("a\n", ": no inventory in it: expected a mapping, found text"),
        ("", ": no inventory in it: expected a mapping, found nothing"),
    ],
)
def test_what_is_wrong_in_yaml_has_its_line(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(InventoryError) as error:
        read(tmp_path, text, "hosts.yaml")
    assert str(error.value).startswith(f"{tmp_path / 'hosts.yaml'}{problem}")


@pytest.mark.parametrize(
    "text",
    [
        "x ansible_ssh_pass=hunter2 stray\n",
        "x 'ansible_ssh_pass=hunter2\n",
        "x\n[g:children]\nansible_ssh_pass=hunter2\n",
        "x\n[g:children]\nansible_ssh_pass = hunter2\n",
        "[ansible_ssh_pass=hunter2]\nx\n",
        "ansible_ssh_pass=hunter2\n",
        "x ansible_host=root:hunter2@there\n",
    ],
)
def test_a_misplaced_password_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(InventoryError) as error:
        read(tmp_path, text)
    assert "hunter2" not in str(error.value)


def test_vaults_stay_closed(tmp_path: Path) -> None:
    text = "all:\n  hosts:\n    a:\n      ansible_user: !vault |\n        $ANSIBLE_VAULT;1.1;AES256\n        6162\n"
    inventory = read(tmp_path, text, "hosts.yaml")
    assert inventory.nodes["a"].user is None
    assert inventory.notes == (f"{tmp_path / 'hosts.yaml'}: ansible_user is vaulted and was not opened",)


def test_text_that_must_not_be_templated_is_text(tmp_path: Path) -> None:
    assert read(tmp_path, "all: {hosts: {a: {ansible_user: !unsafe root}}}\n", "hosts.yaml").nodes["a"].user == "root"


def test_groups_no_node_set_can_name_are_left_out_and_noted(tmp_path: Path) -> None:
    inventory = read(tmp_path, "[a&b]\nx\n")
    assert "a&b" not in inventory.groups
    assert inventory.notes == (
        f"{tmp_path / 'hosts.ini'}: groups whose names no node set can hold were left out: 'a&b'",
    )


def test_variable_directories_are_not_passed_over_in_silence(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    assert read(tmp_path, "a\n").notes == (
        f"{tmp_path / 'hosts.ini'}: group_vars/ beside it was not read: that takes ansible-inventory",
    )


def test_json_is_read_like_yaml(tmp_path: Path) -> None:
    inventory = read(tmp_path, '{"all": {"hosts": {"ncn-w001": {"ansible_port": 22}}}}', "hosts.json")
    assert inventory.nodes["ncn-w001"].port == 22


def test_a_long_chain_of_groups_needs_no_deep_stack(tmp_path: Path) -> None:
    chain = "".join(f"[g{i}:children]\ng{i + 1}\n" for i in range(20_000))
    started = time.monotonic()
    assert len(read(tmp_path, f"{chain}[g20000]\nx\n").groups["g0"]) == 1
    assert time.monotonic() - started < 60


def test_groups_of_groups_have_a_limit(tmp_path: Path) -> None:
    chain = "".join(f"[g{i}:children]\ng{i + 1}\n" for i in range(100))
    with pytest.raises(InventoryError, match="its groups have more than 2000000 members in all"):
        read(tmp_path, f"{chain}[g100]\nx[1:50000]\n")


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("a", "a", None),
        ("a:22", "a", "22"),
        ("ncn-w[001:003]", "ncn-w001 ncn-w002 ncn-w003", None),
        ("n[8:10]:22", "n8 n9 n10", "22"),
        ("n[:2]", "n0 n1 n2", None),
        ("n[01:07:3]", "n01 n04 n07", None),
        ("rack-[a:c]", "rack-a rack-b rack-c", None),
        ("[a:b][1:2]", "a1 a2 b1 b2", None),
    ],
)
def test_host_patterns(pattern: str, names: str, port: str | None) -> None:
    assert expand_pattern(pattern) == (names.split(), port)


@given(st.text(alphabet="a1:[]-=#; '\"\n", max_size=40))
def test_any_ini_text_is_an_inventory_or_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), text)
    except InventoryError as error:
        assert "\n" not in str(error)


def test_a_bmc_may_have_a_login_and_a_console_of_its_own(tmp_path: Path) -> None:
    text = """\
[master]
ncn-m001 kdumpcheck_bmc=site-bmc kdumpcheck_bmc_user=admin
ncn-m002
[master:vars]
kdumpcheck_bmc_user=root
kdumpcheck_bmc_password_file=/root/.bmc
kdumpcheck_console=command:conman -j {node}
"""
    nodes = read(tmp_path, text).nodes
    way = "command:conman -j {node}"
    assert nodes["ncn-m001"] == Node(
        "ncn-m001", bmc="site-bmc", bmc_user="admin", bmc_password_file="/root/.bmc", console=way
    )
    assert nodes["ncn-m002"] == Node("ncn-m002", bmc_user="root", bmc_password_file="/root/.bmc", console=way)


@pytest.mark.parametrize("key", ["kdumpcheck_bmc_password", "kdumpcheck_password", "KDUMPCHECK_BMC_PASSPHRASE"])
def test_a_password_of_ours_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    for text, name in (
        (f"x {key}=in-plain-sight\n", "hosts.ini"),
        (f"all:\n  hosts:\n    x: {{{key}: in-plain-sight}}\n", "h.yaml"),
    ):
        with pytest.raises(InventoryError, match="no password in an inventory") as error:
            read(tmp_path, text, name)
        assert "in-plain-sight" not in str(error.value)
        assert f"{name}:" in str(error.value)
