# SPDX-License-Identifier: Apache-2.0
"""Ansible's host patterns: `ncn-w[001:003]`, `rack-[a:c]`, `ncn-m001:2222`."""

from __future__ import annotations

import itertools
import math
import re
from string import ascii_letters
from typing import TYPE_CHECKING

from kdumpcheck.nodes.node import InventoryError, quote
from kdumpcheck.nodes.nodeset import MAX_NODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PATTERN = re.compile(r"((?:[^\[\]:]|\[[^\[\]]*\])+)(?::(\d{1,9}))?", re.ASCII)
_BRACKET = re.compile(r"\[([^\[\]]*)\]")
_NUMBERS = re.compile(r"(\d{0,9}):(\d{1,9})(?::(\d{1,9}))?", re.ASCII)
_LETTERS = re.compile(r"([A-Za-z]):([A-Za-z])(?::(\d{1,9}))?", re.ASCII)
_MAX_BRACKETS = 8
_LETTER = -1  # instead of a width: written as a letter


def expand_pattern(pattern: str) -> tuple[list[str], str | None]:
    """The host names of one Ansible pattern, and the port behind it, as text.

    Raises `InventoryError` for what is no pattern, for ends of different length (`[01:100]`), and for more
    than 100,000 hosts, before expanding them. Source: Ansible's guide "How to build your inventory".
    """
    found = _PATTERN.fullmatch(pattern)
    if not found:
        raise InventoryError(f"{quote(pattern)} is not a host name or range")
    pieces = _BRACKET.split(found[1])
    if len(pieces) > 2 * _MAX_BRACKETS + 1:
        raise InventoryError(f"{quote(pattern)}: more than {_MAX_BRACKETS} ranges in one name")
    spans = [_span(pattern, piece) for piece in pieces[1::2]]
    if math.prod(len(span) for span, _ in spans) > MAX_NODES:
        raise InventoryError(f"{quote(pattern)} stands for more than {MAX_NODES} hosts")
    return list(_names(pieces[::2], spans)), found[2]


def _names(texts: Sequence[str], spans: Sequence[tuple[range, int]]) -> Iterator[str]:
    choices = [[_write(number, width) for number in span] for span, width in spans]
    for numbers in itertools.product(*choices):
        yield "".join(map("".join, zip(texts, (*numbers, ""), strict=True)))


def _write(number: int, width: int) -> str:
    return ascii_letters[number] if width == _LETTER else f"{number:0{width}d}"


def _span(pattern: str, inside: str) -> tuple[range, int]:
    """The numbers in one bracket and how wide they are written; letters are numbered too."""
    if found := _LETTERS.fullmatch(inside):
        first, last, width = ascii_letters.index(found[1]), ascii_letters.index(found[2]), _LETTER
    elif found := _NUMBERS.fullmatch(inside):
        first, last, width = int(found[1] or 0), int(found[2]), _width(pattern, found[1], found[2])
    else:
        raise InventoryError(f"{quote(pattern)}: [{quote(inside)[1:-1]}] is not a range like [001:003]")
    step = int(found[3] or 1)
    if first > last or step < 1:
        raise InventoryError(f"{quote(pattern)}: the range [{inside}] is empty")
    return range(first, last + 1, step), width


def _width(pattern: str, first: str, last: str) -> int:
    if len(first) < 2 or not first.startswith("0"):
        return 0
    if len(first) != len(last):
        raise InventoryError(f"{quote(pattern)}: write both ends of [{first}:{last}] with as many digits")
    return len(first)
