# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.nodes import InventoryError, expand, fold


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ("ncn-w001 ncn-w002 ncn-w003 ncn-w021", "ncn-w[001-003,021]"),
        ("ncn-w002 ncn-m001 ncn-w001", "ncn-m001,ncn-w[001-002]"),
        ("a", "a"),
        ("a1 a1", "a1"),
        ("n09 n10 n9", "n[9,09-10]"),
        ("x3000c0s1b0n0 x3000c0s2b0n0", "x3000c0s[1-2]b0n0"),
        ("127.0.0.1 127.0.0.2 host", "127.0.0.[1-2],host"),
        ("", ""),
    ],
)
def test_fold(names: str, text: str) -> None:
    assert fold(names.split()) == text


def test_fold_refuses_what_is_no_name() -> None:
    with pytest.raises(InventoryError, match="not a usable node name"):
        fold(["ncn-w[001]"])


LABEL = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True)
NCN = st.builds("ncn-{}{:03d}".format, st.sampled_from("mws"), st.integers(0, 1200))
XNAME = st.builds("x{}c{}s{}b{}n{}".format, *[st.integers(0, 30)] * 5)


@given(st.sets(st.one_of(LABEL, NCN, XNAME, st.builds("{}.{}".format, LABEL, LABEL)), min_size=1, max_size=60))
def test_expand_gives_back_what_was_folded(names: set[str]) -> None:
    assert set(expand(fold(names))) == names


@pytest.mark.parametrize("count", [299, 301, 3000])
def test_many_xnames_fold_and_come_back(count: int) -> None:
    dice = random.Random(count)
    names = {f"x{dice.randrange(1000, 1040)}c{dice.randrange(8)}s{dice.randrange(64)}b0n{i % 2}" for i in range(count)}
    assert set(expand(fold(names))) == names


def test_a_large_plane_folds_to_one_range() -> None:
    names = [f"x3000c0s{i}b0n0" for i in range(1000)]
    assert fold(names) == "x3000c0s[0-999]b0n0"
