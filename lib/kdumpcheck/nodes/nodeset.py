# SPDX-License-Identifier: Apache-2.0
"""Node sets in ClusterShell's notation: `ncn-w[001-003]`, `@worker`, `!`, `&`, `^`.

ClusterShell's `RangeSet` reads and folds the ranges. Names and operations are handled here, over plain Python
sets, for three reasons: the cost of its `NodeSet` on names with several numbers (xnames) grows with the square
of their count (11 s for 3000); importing it reads system-wide settings that may change or break the answer;
and it builds a range before anyone may ask how big it is.
"""

from __future__ import annotations

import difflib
import fnmatch
import itertools
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ClusterShell.RangeSet import RangeSet, RangeSetException

from kdumpcheck.nodes.node import InventoryError, check_name, quote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

MAX_NODES = 100_000
MAX_EXPRESSION = 65_536
ALL = "all"

_PIECE = re.compile(r"(?:[^,!&^\[\]]|\[[^\[\]]*\])+|[,!&^]", re.ASCII)
_BRACKET = re.compile(r"\[([^\[\]]*)\]", re.ASCII)
_RANGE = re.compile(r"\s*(\d{1,63})\s*(?:-\s*(\d{1,63})\s*(?:/\s*(\d{1,9})\s*)?)?", re.ASCII)
_MAX_BRACKETS = 8
_MAX_SPAN = 999_999_999  # a limit of RangeSet
_OPERATORS = frozenset(",!&^")
# Matching is masks times names; this many take about two seconds.
_MAX_MATCHES = 5_000_000


@dataclass(frozen=True, slots=True)
class _Term:
    """One operand of a set expression and the operator before it."""

    operator: str
    text: str

    @property
    def is_group(self) -> bool:
        return self.text.startswith("@")

    @property
    def is_wildcard(self) -> bool:
        return not self.is_group and ("*" in self.text or "?" in self.text)


def expand(
    expression: str,
    groups: Mapping[str, Collection[str]] | None = None,
    known: Collection[str] | None = None,
) -> tuple[str, ...]:
    """Every node name a set expression stands for, each once, in natural order.

    Operators work from left to right: `,` adds, `!` takes away, `&` keeps the common, `^` keeps what is in
    one only. `@name` is a group of `groups`, `@all` and `@*` are all nodes, `*` and `?` match over them.
    With `known`, a name outside of it is an error wherever it stands, so that a typing error in an exclusion
    cannot include a node. Raises `InventoryError` for what cannot be parsed, for an unknown group, and for
    more than 100,000 names (before expanding them). Source: clustershell nodeset(1).
    """
    groups = groups or {}
    terms = _terms(expression)
    chosen: set[str] = set()
    budget = MAX_NODES
    for term in terms:
        names = _names(term, groups, budget)
        budget -= len(names)
        if known is not None:
            _check_known(names, known)
        chosen = _combine(chosen, term.operator, names)
    return tuple(sorted(chosen, key=natural))


def groups_named(expression: str) -> frozenset[str]:
    """The groups a set expression asks for, without their `@`; raises `InventoryError` like `expand`."""
    asked = (term for term in _terms(expression) if term.is_group)
    return frozenset(name for term in asked for name in _ranges(term.text[1:], MAX_NODES))


def natural(name: str) -> tuple[tuple[str | int, ...], str]:
    """A sort key that puts `n2` before `n10`, and `n1` beside `n01`."""
    pieces = re.split(r"(\d+)", name, flags=re.ASCII)
    return tuple(int(piece) if odd % 2 else piece for odd, piece in enumerate(pieces)), name


def closest(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean 'x'?` for an error line, or nothing when no candidate comes near."""
    # difflib is slow; a hint is not worth seconds, so only the first few thousand are compared.
    pool = {candidate.lower(): candidate for _, candidate in zip(range(5000), candidates, strict=False)}
    found = difflib.get_close_matches(name.lower(), pool, n=1)
    return f"; did you mean {quote(pool[found[0]])}?" if found else ""


def _terms(expression: str) -> list[_Term]:
    text = expression.strip()
    if not text:
        raise InventoryError("the node set is empty; name nodes, for example ncn-m001,ncn-w[001-003]")
    if len(text) > MAX_EXPRESSION:
        raise InventoryError(f"the node set is longer than {MAX_EXPRESSION} characters")
    pieces = _PIECE.findall(text)
    if "".join(pieces) != text:
        raise InventoryError(f"{quote(text)}: a bracket is missing or does not belong")
    return list(_pair(text, pieces))


def _pair(text: str, pieces: list[str]) -> Iterator[_Term]:
    operator = ","
    for odd, piece in enumerate(pieces):
        if (piece in _OPERATORS) != bool(odd % 2) or not piece.strip():
            raise InventoryError(f"{quote(text)}: a node is missing beside '{operator}'")
        if odd % 2:
            operator = piece
        else:
            yield _Term(operator, piece.strip())
    if len(pieces) % 2 == 0:
        raise InventoryError(f"{quote(text)}: a node is missing after '{operator}'")


def _names(term: _Term, groups: Mapping[str, Collection[str]], budget: int) -> Collection[str]:
    if term.is_group:
        names = _group(term.text[1:], groups)
    elif term.is_wildcard:
        names = _matching(term.text, groups)
    else:
        names = _ranges(term.text, budget)
        for name in names:
            _check_plain(name)
    if len(names) > budget:
        raise _too_many(term.text)
    return names


def _check_plain(name: str) -> None:
    if re.search(r"\s", name):
        raise InventoryError(f"{quote(name)}: separate node names with commas, not blanks")
    check_name(name)


def _group(text: str, groups: Mapping[str, Collection[str]]) -> Collection[str]:
    if text in {"*", ALL}:
        return _everything(groups)
    found: set[str] = set()
    for name in _ranges(text, MAX_NODES):
        if name not in groups:
            raise _unknown_group(name, groups)
        found.update(groups[name])
    return found


def _unknown_group(name: str, groups: Mapping[str, Collection[str]]) -> InventoryError:
    if not groups:
        return InventoryError(f"{quote('@' + name)} needs an inventory, and none was given or found")
    hint = closest("@" + name, ("@" + group for group in groups))
    return InventoryError(f"there is no group {quote('@' + name)}{hint}")


def _everything(groups: Mapping[str, Collection[str]]) -> Collection[str]:
    if not groups:
        raise _unknown_group(ALL, groups)
    if ALL in groups:
        return groups[ALL]
    return {name for members in groups.values() for name in members}


def _matching(text: str, groups: Mapping[str, Collection[str]]) -> Collection[str]:
    if not groups:
        raise InventoryError(f"{quote(text)} needs an inventory, and none was given or found")
    everything = _everything(groups)
    masks = _ranges(text, MAX_NODES)
    if len(masks) * len(everything) > _MAX_MATCHES:
        raise _too_many(text)
    return {name for mask in masks for name in everything if fnmatch.fnmatchcase(name, mask)}


def _ranges(text: str, budget: int) -> list[str]:
    """Expand the brackets of one operand, once its size is known to be within the budget."""
    pieces = _BRACKET.split(text)
    if len(pieces) > 2 * _MAX_BRACKETS + 1:
        raise InventoryError(f"{quote(text)}: more than {_MAX_BRACKETS} brackets in one name")
    if math.prod(_size(text, inside) for inside in pieces[1::2]) > budget:
        raise _too_many(text)
    choices = [_numbers(text, piece) if odd % 2 else [piece] for odd, piece in enumerate(pieces)]
    return ["".join(parts) for parts in itertools.product(*choices)]


def _numbers(text: str, inside: str) -> list[str]:
    try:
        return list(RangeSet(inside).striter())
    except RangeSetException as error:
        raise InventoryError(f"{quote(text)}: {quote(str(error), 120)[1:-1]}") from None


def _size(text: str, inside: str) -> int:
    return sum(_range_size(text, part) for part in inside.split(","))


def _range_size(text: str, part: str) -> int:
    found = _RANGE.fullmatch(part)
    if not found:
        raise InventoryError(f"{quote(text)}: {quote(part.strip())} is not a range like 001-003")
    first, last, step = int(found[1]), int(found[2] or found[1]), int(found[3] or 1)
    if last < first or step < 1:
        raise InventoryError(f"{quote(text)}: the range {quote(part.strip())} is empty")
    if last - first > _MAX_SPAN:
        raise _too_many(text)
    return (last - first) // step + 1


def _too_many(text: str) -> InventoryError:
    return InventoryError(f"{quote(text)} stands for more than {MAX_NODES} nodes")


def _check_known(names: Collection[str], known: Collection[str]) -> None:
    unknown = sorted((name for name in names if name not in known), key=natural)
    if unknown:
        more = f" (and {len(unknown) - 1} more)" if len(unknown) > 1 else ""
        raise InventoryError(f"there is no node {quote(unknown[0])}{more}{closest(unknown[0], known)}")


def _combine(chosen: set[str], operator: str, names: Collection[str]) -> set[str]:
    if operator == "!":
        return chosen.difference(names)
    if operator == "&":
        return chosen.intersection(names)
    if operator == "^":
        return chosen.symmetric_difference(names)
    return chosen.union(names)
