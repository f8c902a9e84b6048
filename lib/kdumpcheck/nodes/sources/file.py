# SPDX-License-Identifier: Apache-2.0
"""A file that may be an inventory, read at most once however many formats look at it."""

from __future__ import annotations

import json
import os
import re
from functools import cached_property
from typing import TYPE_CHECKING

from kdumpcheck.nodes.document import read_text
from kdumpcheck.nodes.node import InventoryError, quote
from kdumpcheck.nodes.yamldoc import load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_YAML_START = re.compile(r"(?:---|%YAML|[\w.\"'-]+\s*:(?:\s|$))", re.ASCII)


class File:
    """What an operator named: `path`, and the environment in which a program that reads it would run."""

    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ

    @cached_property
    def dynamic(self) -> bool:
        """Whether it is a directory or a program: what Ansible alone can read."""
        return self.path.is_dir() or _is_program(self.path)

    @cached_property
    def text(self) -> str:
        """What stands in it. Raises `InventoryError` for what is no text, too large, or cannot be read."""
        return read_text(self.path)

    @cached_property
    def form(self) -> str:
        """What it is by its name and its first line: "JSON", "YAML", or "" for neither. Raises as `text` does."""
        if self.path.suffix == ".json" or self.text.lstrip().startswith("{"):
            return "JSON"
        return "YAML" if self.path.suffix in {".yaml", ".yml"} or _looks_like_yaml(self.text) else ""

    @property
    def document(self) -> object:
        """The JSON or YAML in it; None where it is neither, or is spoilt."""
        return None if isinstance(self._parsed, InventoryError) else self._parsed

    def parse(self) -> object:
        """The JSON or YAML in it. Raises `InventoryError` with the line of what is wrong."""
        if isinstance(self._parsed, InventoryError):
            raise self._parsed
        return self._parsed

    @cached_property
    def _parsed(self) -> object:
        try:
            if self.form == "JSON":
                return self._json()
            return load_yaml(self.text, self.path) if self.form else None
        except InventoryError as error:
            return error

    def _json(self) -> object:
        try:
            return json.loads(self.text, object_pairs_hook=_unique)
        except json.JSONDecodeError as error:
            raise InventoryError(f"{self.path}:{error.lineno}: not JSON: {error.msg}") from None
        except InventoryError as error:
            raise InventoryError(f"{self.path}: {error}") from None
        except (ValueError, RecursionError):
            raise InventoryError(f"{self.path}: JSON that is too deep, or has too long a number") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for key in keys if keys.count(key) > 1)
        raise InventoryError(f"{quote(double)} is there twice")
    return found


def _is_program(path: Path) -> bool:
    try:
        if not path.is_file() or not os.access(path, os.X_OK):
            return False
        with path.open("rb") as stream:
            return stream.read(2) == b"#!"
    except (OSError, ValueError):
        return False  # reading it as a text will say what is wrong with it


def _looks_like_yaml(text: str) -> bool:
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    return bool(_YAML_START.match(next(lines, "")))
