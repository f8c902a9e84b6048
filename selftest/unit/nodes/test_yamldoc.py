# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.nodes import InventoryError
from kdumpcheck.nodes.document import LinedDict
from kdumpcheck.nodes.yamldoc import load_yaml

FILE = Path("site.yaml")


def bomb(template: str) -> str:
    """Nine aliases, each ten of the one before: a billion values from half a kilobyte."""
    letters = "abcdefghij"
    steps = [f"{new}: &{new} {template.format(','.join(['*' + old] * 10))}" for old, new in itertools.pairwise(letters)]
    return "\n".join(["a: &a {k: v}", *steps]) + "\n"


def test_keys_know_their_lines() -> None:
    document = load_yaml("# head\na: 1\nb:\n  c: 2\n", FILE)
    assert isinstance(document, LinedDict)
    inner = document["b"]
    assert isinstance(inner, LinedDict)
    assert (document.lines, inner.lines) == ({"a": 2, "b": 3}, {"c": 4})


def test_aliases_and_merges_work_within_reason() -> None:
    text = "base: &b {user: root, port: 22}\nnode: {<<: *b, port: 2222}\n"
    assert load_yaml(text, FILE) == {"base": {"user": "root", "port": 22}, "node": {"user": "root", "port": 2222}}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "site.yaml:3: 'a' is there twice, first in line 1"),
        ("{a: 1, a: 2}", "site.yaml:1: 'a' is there twice"),
        (bomb("[{}]"), "more than 1000000 values"),
        (bomb("{{<<: [{}]}}"), "more than 1000000 values"),
        ("a: &a [*a]\n", "site.yaml:1: the alias '*a' is unknown, or inside of what it names"),
        ("&a {x: *a}\n", "site.yaml:1: the alias '*a'"),
        ("a: *x", "site.yaml:1: the alias '*x'"),
        ("[" * 100_000, "site.yaml:1: more than 50 levels"),
        ("\n".join(" " * i + "a:" for i in range(300)), "site.yaml:51: more than 50 levels"),
        ("a: !!python/object/apply:os.system ['id']\n", "site.yaml:1: could not determine a constructor"),
        ("a: \x01\n", "site.yaml:1: not YAML: a control character"),
        ("a:\n\tb: 1\n", "site.yaml:2: while scanning for the next token, found character"),
        ("a: 1\n---\nb: 2\n", "site.yaml:2: expected a single document"),
        ("? [a]\n: 1\n", "site.yaml:1: a key must be plain text"),
        ("? {a: 1}\n: 1\n", "site.yaml:1: a key must be plain text"),
        ("n: {<<: 3}", "site.yaml:1: while constructing a mapping"),
        ("a: 2020-99-99\n", "site.yaml: not YAML we can read (a number or date"),
        ("a: " + "9" * 5000, "site.yaml: not YAML we can read (a number or date"),
        ("a: !!bool maybe", "site.yaml: not YAML we can read (a number or date"),
        ("a: 'open", "site.yaml:1: while scanning a quoted scalar"),
        ("# " + "x" * (5 * 1024 * 1024), "site.yaml: larger than 4 MiB"),
    ],
)
def test_what_cannot_be_read_is_one_line_soon(text: str, problem: str) -> None:
    started = time.monotonic()
    with pytest.raises(InventoryError) as error:
        load_yaml(text, FILE)
    assert str(error.value).startswith(problem) or problem in str(error.value)
    assert "\n" not in str(error.value)
    assert time.monotonic() - started < 30


@given(st.text(alphabet="ab:&*!<>{}[]|-?#%@'\"\\ \n\t,01", max_size=60))
def test_any_text_is_a_document_or_one_line(text: str) -> None:
    try:
        load_yaml(text, FILE)
    except InventoryError as error:
        assert "\n" not in str(error)
