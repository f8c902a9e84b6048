# SPDX-License-Identifier: Apache-2.0
"""Real dumps of a lab node, its kernel's real symbols, the programs that open dumps; what is missing is a failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selftest.analysis import crashed, programs, symbols

from kdumpcheck.dumps import inspect
from kdumpcheck.paths import cache_dir

CACHE = cache_dir(os.environ, Path.home()) / "analysis"


@pytest.fixture(scope="session", autouse=True)
def tools() -> None:
    """crash(8) and what else is asked by hand."""
    install = programs.missing()
    if install is not None:
        pytest.fail(f"first run: {install}", pytrace=False)


@pytest.fixture(scope="session")
def dumps() -> dict[str, Path]:
    """The directory of a dump in each format."""
    return crashed.fetch(CACHE)


@pytest.fixture(scope="session")
def vmlinux(dumps: dict[str, Path]) -> Path:
    """The crashed kernel with its symbols, named as an analysis looks for it."""
    with (dumps["compressed"] / "vmcore").open("rb") as stream:
        release = inspect(stream).release
    assert release is not None
    try:
        return symbols.fetch(release, CACHE)
    except symbols.SymbolsError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def plain(dumps: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each dump as it is where makedumpfile can seek: not flattened."""
    work = tmp_path_factory.mktemp("plain")
    return {name: programs.unflatten(place / "vmcore", work / name) for name, place in dumps.items()}
