# SPDX-License-Identifier: Apache-2.0
"""YAML from an operator's file: safe, bounded, no key twice, every key with its line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NoReturn

import yaml

from kdumpcheck.nodes.document import LinedDict, place
from kdumpcheck.nodes.node import InventoryError, quote

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    _Base = yaml.SafeLoader
else:
    # libyaml is ten times faster; PyYAML can be built without it.
    _Base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 50
MAX_VALUES = 1_000_000

# What PyYAML lets through when a text does not fit its type: `2020-99-99`, `!!bool maybe`, `!!float x`.
_CONVERSION_ERRORS = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


class Opaque:
    """A value that must stay closed, such as an Ansible vault; it has no text to show."""

    __slots__ = ()


class _Loader(_Base):
    """PyYAML's safe loader with lines, without double keys, and with Ansible's two tags."""

    def lined_mapping(self, node: yaml.MappingNode) -> Iterator[LinedDict]:
        """Build a mapping the way PyYAML does: empty first, so that it may be referred to."""
        result = LinedDict(node.start_mark.line + 1)
        yield result
        _check_keys(node)
        self.flatten_mapping(node)
        for key_node, value_node in node.value:
            key = self.construct_object(key_node, deep=True)
            result[key] = self.construct_object(value_node, deep=True)
            result.lines[key] = key_node.start_mark.line + 1

    def opaque(self, node: yaml.Node) -> Opaque:  # noqa: ARG002 - the value is left unread on purpose
        """An Ansible vault."""
        return Opaque()

    def unsafe(self, node: yaml.Node) -> str:
        """Ansible's text that must not be templated."""
        return self.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else ""


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.lined_mapping)
_Loader.add_constructor("!vault", _Loader.opaque)
_Loader.add_constructor("!unsafe", _Loader.unsafe)


def _check_keys(node: yaml.MappingNode) -> None:
    seen: dict[tuple[str, str], int] = {}
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be plain text", key_node.start_mark)
        key = (key_node.tag, key_node.value)
        if key in seen:
            problem = f"{quote(key_node.value)} is there twice, first in line {seen[key]}"
            raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
        seen[key] = key_node.start_mark.line + 1


def load_yaml(text: str, path: Path) -> object:
    """The one document in `text`; `path` is for messages only.

    Raises `InventoryError` with file and line for what is not YAML, deeper than 50 levels, larger than 4 MiB
    or than 1,000,000 values once its aliases are followed, and for a key that stands twice in one mapping.
    """
    if len(text) > MAX_BYTES:
        raise InventoryError(f"{path}: larger than {MAX_BYTES // 1024 // 1024} MiB, too large for YAML here")
    try:
        _check_size(text, path)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader underneath
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        raise InventoryError(f"{place(path, line)}: {_problem(error)}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InventoryError(f"{place(path, line)}: not YAML: a control character") from None
    except InventoryError:
        raise
    except _CONVERSION_ERRORS:
        raise InventoryError(f"{path}: not YAML we can read (a number or date in it is not one)") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    parts = [part for part in (error.context, error.problem) if part]
    return re.sub(r"\s+", " ", ", ".join(parts) or "cannot be read")[:200]


def _check_size(text: str, path: Path) -> None:
    """Walk the events once, flat: how deep, and how many values if every alias were written out."""
    sizes: dict[str, int] = {}
    stack: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent):
            anchor = event.anchor or ""
            if anchor not in sizes:
                _refuse(path, event, f"the alias {quote('*' + anchor)} is unknown, or inside of what it names")
            count += sizes[anchor]
        elif isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, count))
            count += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            opened, before = stack.pop()
            _remember(sizes, opened, count - before)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            _remember(sizes, event.anchor, 1)
        if len(stack) > MAX_DEPTH or count > MAX_VALUES:
            limit = f"{MAX_DEPTH} levels" if len(stack) > MAX_DEPTH else f"{MAX_VALUES} values"
            _refuse(path, event, f"more than {limit}, too much for an inventory")


def _remember(sizes: dict[str, int], anchor: str | None, size: int) -> None:
    if anchor is not None:
        sizes[anchor] = size


def _refuse(path: Path, event: yaml.Event, problem: str) -> NoReturn:
    line = event.start_mark.line + 1 if event.start_mark else 0
    raise InventoryError(f"{place(path, line)}: {problem}")
