# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import subprocess
import sys
import time

import pytest
from ClusterShell.NodeSet import NodeSet
from ClusterShell.NodeUtils import GroupResolver, GroupSource
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.nodes import InventoryError, expand, natural
from kdumpcheck.nodes.nodeset import MAX_NODES, groups_named

GROUPS = {
    "all": ["n1", "n2", "n10", "m1"],
    "worker": ["n1", "n2", "n10"],
    "canary": ["n10"],
    "g1": ["n1"],
    "g2": ["n2"],
}


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("ncn-m001,ncn-w[001-003]", "ncn-m001 ncn-w001 ncn-w002 ncn-w003"),
        ("ncn-w[001-003,021]", "ncn-w001 ncn-w002 ncn-w003 ncn-w021"),
        (" ncn-m001 , ncn-w[ 001 - 002 ] ", "ncn-m001 ncn-w001 ncn-w002"),
        ("a[1-9/4]", "a1 a5 a9"),
        ("a[1,01]", "a01 a1"),
        ("a[09-10]", "a09 a10"),
        ("x[1-2]c[0-1]n0", "x1c0n0 x1c1n0 x2c0n0 x2c1n0"),
        ("a[1-2]0", "a10 a20"),
        ("a9[8-10]", "a98 a99 a910"),
        ("b,a,b", "a b"),
        ("n10,n9,n1", "n1 n9 n10"),
        ("a[1-4]!a[2-3]", "a1 a4"),
        ("a[1-3]&a[2-9]", "a2 a3"),
        ("a[1-3]^a[2-4]", "a1 a4"),
        ("a[1-3]!a2,a2", "a1 a2 a3"),
        ("@worker!@canary", "n1 n2"),
        ("@all", "m1 n1 n2 n10"),
        ("@*", "m1 n1 n2 n10"),
        ("@g[1-2]", "n1 n2"),
        ("n*", "n1 n2 n10"),
        ("n?", "n1 n2"),
        ("?[1-2]", "m1 n1 n2"),
        ("@all&n[1-2]", "n1 n2"),
        ("n1!n1", ""),
        ("n[000000000000000000000001-000000000000000000000002]", f"n{1:024d} n{2:024d}"),
    ],
)
def test_expand(expression: str, names: str) -> None:
    assert expand(expression, GROUPS) == tuple(names.split())


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("", "node set is empty; name nodes"),
        ("  ", "node set is empty; name nodes"),
        ("a,", "'a,': a node is missing after ','"),
        ("a!", "'a!': a node is missing after '!'"),
        (",a", "a node is missing beside ','"),
        ("a,,b", "a node is missing beside ','"),
        ("a,!b", "a node is missing beside ','"),
        ("a, ,b", "a node is missing beside ','"),
        ("a b", "separate node names with commas"),
        ("a\tb", "separate node names with commas"),
        ("a[1-3", "a bracket is missing"),
        ("a]1", "a bracket is missing"),
        ("a[[1]]", "a bracket is missing"),
        ("a[]", "'' is not a range"),
        ("a[-5]", "'-5' is not a range"),
        ("a[x]", "'x' is not a range"),
        ("a[1-2-3]", "'1-2-3' is not a range"),
        ("a[3-1]", "the range '3-1' is empty"),
        ("a[1-3/0]", "the range '1-3/0' is empty"),
        ("a[001-10]", "padding length mismatch"),
        ("a[\uff11-\uff12]", "is not a range"),
        ("-rf", "'-rf' is not a usable node name"),
        ("a%s", "not a usable node name"),
        ("[1]" * 9, "more than 8 brackets"),
        ("a," * 40_000 + "a", "longer than 65536 characters"),
        ("@workr", "there is no group '@workr'; did you mean '@worker'?"),
        ("@", "there is no group '@'"),
        ("@a:b", "there is no group '@a:b'"),
        ("a[1-99999999999999999999]", "more than 100000 nodes"),
        ("a[1-100001]", "more than 100000 nodes"),
        ("a[1-1000]b[1-1000]", "more than 100000 nodes"),
        ("a[1-60000],b[1-60000]", "more than 100000 nodes"),
        ("@g[1-999999]", "more than 100000 nodes"),
        ("n*[1-999999]", "more than 100000 nodes"),
    ],
)
def test_what_cannot_be_used_is_one_line(expression: str, problem: str) -> None:
    started = time.monotonic()
    with pytest.raises(InventoryError) as error:
        expand(expression, GROUPS)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("expression", ["@all", "@worker", "@*", "n*"])
def test_groups_need_an_inventory(expression: str) -> None:
    with pytest.raises(InventoryError, match="needs an inventory, and none was given or found"):
        expand(expression)


@pytest.mark.parametrize("expression", ["@all,a1", "n*[1-999]", "@all,@all"])
def test_work_over_large_groups_is_bounded(expression: str) -> None:
    everything = [f"n{i}" for i in range(MAX_NODES)]
    with pytest.raises(InventoryError, match="stands for more than 100000 nodes"):
        expand(expression, {"all": everything})


def test_all_nodes_are_those_of_all_groups_when_nobody_says() -> None:
    assert expand("@all", {"a": ["n2"], "b": ["n1", "n2"]}) == ("n1", "n2")


def test_the_largest_set_is_taken() -> None:
    assert len(expand(f"a[1-{MAX_NODES}]")) == MAX_NODES


@pytest.mark.parametrize("expression", ["n3", "@all!n3", "@all&n3", "@all^n3", "n[1-3]"])
def test_an_unknown_name_is_refused_even_where_it_takes_away(expression: str) -> None:
    with pytest.raises(InventoryError, match="there is no node 'n3'"):
        expand(expression, GROUPS, known=GROUPS["all"])


def test_unknown_names_are_counted_and_the_closest_is_named() -> None:
    with pytest.raises(InventoryError) as error:
        expand("ncn-w0[11-13]", {}, known=["ncn-w001", "ncn-w010"])
    assert str(error.value) == "there is no node 'ncn-w011' (and 2 more); did you mean 'ncn-w010'?"


def test_groups_named() -> None:
    assert groups_named("@a,b!@c[1-2]&@*") == {"a", "c1", "c2", "*"}


def test_natural_order() -> None:
    names = ["x10", "x9", "x09", "a", "x9b", "x1000c0s2", "x1000c0s10"]
    assert sorted(names, key=natural) == ["a", "x09", "x9", "x9b", "x10", "x1000c0s2", "x1000c0s10"]


def test_clustershell_s_own_settings_are_not_read() -> None:
    """A site's groups.conf and defaults.conf must neither change nor break our answers."""
    code = "import sys, kdumpcheck.nodes.fold; sys.exit('ClusterShell.Defaults' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode
        == 0
    )


PIECES = st.sampled_from(
    ["n1", "n[1-3]", "n[1-10/3]", "m[01-03]", "x[1-2]y[1-2]", "@worker", "@canary", "@all", "n*", "n?", "@g[1-2]"]
)


@given(st.lists(st.tuples(st.sampled_from(",!&^"), PIECES), min_size=1, max_size=6))
def test_set_operations_are_clustershell_s(operands: list[tuple[str, str]]) -> None:
    expression = "".join(operator + text for operator, text in operands)[1:]
    source = GroupSource("inventory", {name: ",".join(nodes) for name, nodes in GROUPS.items()}, GROUPS["all"])
    theirs = {str(node) for node in NodeSet(expression, resolver=GroupResolver(source))}
    assert set(expand(expression, GROUPS)) == theirs


@given(st.text(alphabet="an01-9[],!&^@*/ \n%", max_size=40))
def test_any_text_is_a_set_or_one_line(text: str) -> None:
    try:
        expand(text, GROUPS)
    except InventoryError as error:
        assert "\n" not in str(error)
