# SPDX-License-Identifier: Apache-2.0
"""Reading a file an operator names: bounded, as text, with errors that say where."""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from kdumpcheck.nodes.node import InventoryError, quote
from kdumpcheck.nodes.nodeset import closest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 32 * 1024 * 1024


def read_text(path: Path, limit: int = MAX_BYTES) -> str:
    """The file's text, at most `limit` bytes of UTF-8; `InventoryError` says in one line why not."""
    try:
        # A pipe or a device could keep us waiting for ever; an inventory is a file.
        data = _head(path, limit + 1) if stat.S_ISREG(path.stat().st_mode) else None
    except OSError as error:
        raise InventoryError(f"{path}: {error.strerror or error}") from None
    except ValueError:  # a NUL byte in the path
        raise InventoryError(f"{quote(str(path))}: not a usable file name") from None
    if data is None:
        raise InventoryError(f"{path}: not a regular file")
    return _decode(path, data, limit)


def _head(path: Path, limit: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(limit)


def _decode(path: Path, data: bytes, limit: int) -> str:
    if len(data) > limit:
        raise InventoryError(f"{path}: larger than {limit // 1024 // 1024} MiB, too large for such a file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InventoryError(f"{path}:{line}: not UTF-8 text") from None
    if "\0" in text:
        raise InventoryError(f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}: not text (NUL byte)")
    return text


class LinedDict(dict[object, object]):
    """A mapping read from a file that remembers the line of each key."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[object, int] = {}


@dataclass(frozen=True, slots=True)
class Table:
    """A mapping from a file, read with types; what is wrong becomes an `InventoryError` with file and line."""

    path: Path
    what: str
    entries: Mapping[object, object]
    lines: Mapping[object, int] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, what: str, value: object, line: int = 0) -> Table:
        """Take a value as a table; nothing (`null`) is an empty one."""
        if value is None:
            return cls(path, what, {})
        if not isinstance(value, dict):
            raise InventoryError(f"{place(path, line)}: {what} must be a mapping, not {kind(value)}")
        return cls(path, what, value, value.lines if isinstance(value, LinedDict) else {})

    def fail(self, key: object, problem: str) -> NoReturn:
        """Refuse the entry `key`, naming its line."""
        raise InventoryError(f"{self.at(key)}: {problem}")

    def at(self, key: object) -> str:
        """`file:line` of an entry."""
        return place(self.path, self.lines.get(key, 0))

    def only(self, *allowed: str) -> Table:
        """This table, once it is sure that it has no other keys."""
        for key in self.entries:
            if key not in allowed:
                self.fail(key, f"unknown key {quote(str(key))} in {self.what}{closest(str(key), allowed)}")
        return self

    def items(self) -> Iterator[tuple[str, object]]:
        """Every entry; a key that is not text is refused."""
        for key, value in self.entries.items():
            if not isinstance(key, str):
                self.fail(key, f"{quote(str(key))} in {self.what} is {kind(key)}: put it in quotes")
            yield key, value

    def text(self, key: str) -> str | None:
        """The text under `key`, or None when it is absent."""
        value = self.entries.get(key)
        if value is not None and not isinstance(value, str):
            self.fail(key, f"{key} of {self.what} is {kind(value)}, not text: put it in quotes")
        return value

    def number(self, key: str) -> int | None:
        """The whole number under `key`, or None when it is absent."""
        value = self.entries.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            self.fail(key, f"{key} of {self.what} must be a whole number, not {kind(value)}")
        return value

    def table(self, key: str) -> Table:
        """The mapping under `key`; an absent one is empty."""
        return Table.of(self.path, key, self.entries.get(key), self.lines.get(key, 0))


def place(path: Path, line: int) -> str:
    """`file:line`, or the file alone when the line is not known (0)."""
    return f"{path}:{line}" if line else str(path)


def kind(value: object) -> str:
    """What a value from a file is, in an operator's words."""
    names = {str: "text", bool: "true/false", int: "a number", float: "a number", list: "a list"}
    names |= {dict: "a mapping", LinedDict: "a mapping", type(None): "nothing"}
    return names.get(type(value), f"a {type(value).__name__}")
