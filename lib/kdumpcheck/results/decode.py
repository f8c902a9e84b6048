# SPDX-License-Identifier: Apache-2.0
"""Plain JSON values made into our typed records again, by what the records say of themselves."""

from __future__ import annotations

import types
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from kdumpcheck.checks.judge import one_line

_T = TypeVar("_T")

#: Longest text that is taken from a document; what a run writes is shorter.
LONGEST = 4000
_MOST = 1e12
#: Metadata of a field that may have several lines, as a traceback has.
SEVERAL_LINES = {"lines": True}


class DecodeError(ValueError):
    """A value that is not what a record wants; the text says where, and what was wanted."""


def decode(record: type[_T], value: object, where: str) -> _T:
    """Make a record of a JSON object; keys it does not know are left out. Raises `DecodeError`."""
    if not isinstance(value, dict):
        raise DecodeError(f"{where} must be an object")
    taken = {}
    for field, hint in _fields(cast("Hashable", record)):
        if field.name in value:
            taken[field.name] = _value(hint, value[field.name], f"{where}.{field.name}", lines=bool(field.metadata))
        elif field.default is MISSING and field.default_factory is MISSING:
            raise DecodeError(f"{where}.{field.name} is missing")
    return record(**taken)


@cache
def _fields(record: Hashable) -> tuple[tuple[Field[Any], Any], ...]:
    hints = get_type_hints(record)
    return tuple((field, hints[field.name]) for field in fields(cast("Any", record)))


def _value(hint: Any, value: object, where: str, *, lines: bool = False) -> object:  # noqa: ANN401 - any annotation
    if hint is str and isinstance(value, str):
        return value if lines else one_line(value, LONGEST)
    # JSON has numbers that no clock has: 1e999 is infinite.
    if hint is float and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST:
        return float(value)
    if hint in {bool, int} and type(value) is hint:
        return value
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        return None if value is None else _value(inner[0], value, where)
    if origin is tuple and isinstance(value, list):
        return tuple(_value(inner[0], each, f"{where}[{number}]") for number, each in enumerate(value))
    if origin is Mapping and isinstance(value, dict):
        return {one_line(key): _value(inner[1], each, f"{where}.{one_line(key, 60)}") for key, each in value.items()}
    if is_dataclass(hint) and isinstance(hint, type):
        return decode(hint, value, where)
    if isinstance(hint, type) and issubclass(hint, StrEnum) and isinstance(value, str) and value in set(hint):
        return hint(value)
    raise DecodeError(f"{where} is not what it must be")
