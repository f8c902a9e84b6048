# SPDX-License-Identifier: Apache-2.0
"""The checks and recovery tests that come with kdumpcheck: beside it in a checkout, inside it when it was installed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

#: Set in a run of tests that came with kdumpcheck, for there are none in its directory.
USED = pytest.StashKey[bool]()
_HERE = Path(__file__).resolve().parent
#: tests/ of the wheel (setup.py puts it there), else of the checkout.
TESTS = _HERE / "tests" if (_HERE / "tests").is_dir() else _HERE.parents[1] / "tests"


def in_their_place(arguments: Sequence[str], cwd: Path) -> list[str]:
    """The places a pytest run was given, with the shipped ones for what is not in this directory.

    So `pytest tests/validation`, which every report and page says, is right in an empty directory, too. What is there
    is never replaced, and what was not shipped stays as it is, for pytest to refuse.
    """
    return [_shipped(argument, cwd) or argument for argument in arguments]


def root(config: pytest.Config) -> Path:
    """Where a run has its reports: where pytest.ini is, else where it was started, whatever pytest takes for its root.

    Without a pytest.ini that is what all paths of the command line have in common: / for a bundle elsewhere.
    """
    return config.invocation_params.dir if config.stash.get(USED, False) else config.rootpath


def tests(config: pytest.Config) -> Path:
    """Where validation/ and recovery/ of this run are."""
    return TESTS if config.stash.get(USED, False) else config.rootpath / TESTS.name


def heading(config: pytest.Config) -> list[str]:
    """Say whose checks are run: a site that has its own is to see when it runs others."""
    used = config.stash.get(USED, False)
    return [f"kdumpcheck: there is no tests/ here: these are kdumpcheck's own, of {TESTS}"] if used else []


def _shipped(argument: str, cwd: Path) -> str | None:
    name, colons, rest = argument.partition("::")
    place = Path(name)
    if place.is_absolute() or place.parts[:1] != (TESTS.name,) or ".." in place.parts or (cwd / TESTS.name).exists():
        return None
    found = TESTS.joinpath(*place.parts[1:])
    return f"{found}{colons}{rest}" if found.exists() else None
