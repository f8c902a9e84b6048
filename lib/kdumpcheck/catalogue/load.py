# SPDX-License-Identifier: Apache-2.0
"""Check files read without pytest, by pytest's own rules for what a test is."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from kdumpcheck.checks import Check, check_of
from kdumpcheck.shipped import TESTS

_PLACE = Path("tests", "validation")
#: The files and functions that pytest takes for tests when nobody says otherwise.
_FILES, _FUNCTIONS = ("test_*.py", "*_test.py"), "test"


class CatalogueError(Exception):
    """The checks cannot be read; the text is one line that says which file, and why."""


def load_checks(*directories: Path) -> tuple[Check, ...]:
    """Every check in these directories and below, in the order of files and lines.

    Runs the files, as pytest would. Raises `CatalogueError` when one cannot be run, an id is taken twice, or a
    directory holds no check.
    """
    checks: dict[str, Check] = {}
    for directory in directories:
        found = [check for path in _files(directory) for check in _checks_in(_run(path))]
        if not found:
            raise CatalogueError(f"{directory}: no check is here")
        for check in found:
            other = checks.setdefault(check.id, check)
            if other.place != check.place:
                raise CatalogueError(f"two checks are called {check.id}: {other.place} and {check.place}")
    return tuple(checks.values())


def usual_directory(cwd: Path) -> Path:
    """tests/validation of the directory we are in, else the one that was shipped. Raises `CatalogueError`."""
    for place in (cwd / _PLACE, TESTS / _PLACE.name):
        if place.is_dir():
            return place
    raise CatalogueError(f"there is no {_PLACE} here: go where it is, or name a directory of checks with --checks DIR")


def _files(directory: Path) -> list[Path]:
    return sorted({path for pattern in _FILES for path in directory.rglob(pattern)})


def _run(path: Path) -> ModuleType:
    # Named for its whole path: two directories may hold files of one name, and neither is importable by name.
    name = f"kdumpcheck_checks_{sha256(str(path.resolve()).encode()).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CatalogueError(f"{path}: not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        reason = " ".join(str(error).split())
        raise CatalogueError(f"{path}: cannot be read ({type(error).__name__}: {reason})") from error
    return module


def _checks_in(module: ModuleType) -> Iterator[Check]:
    found = (check_of(thing) for name, thing in vars(module).items() if name.startswith(_FUNCTIONS))
    yield from sorted((check for check in found if check is not None), key=lambda check: check.line)
