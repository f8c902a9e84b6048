# SPDX-License-Identifier: Apache-2.0
"""A node of its own for each crash: what one leaves must not be another's beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from selftest.lab.live import UP_SECONDS, new_lab, remove_orphans
from selftest.proofs.crashes import Crasher

NODE = "ncn-w001"


@pytest.fixture(params=["suse_legacy", "suse"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each line of SUSE's kdump in its turn."""
    return str(request.param)


@pytest.fixture
def crasher(dialect: str) -> Iterator[Crasher]:
    """A lab with one healthy node of this dialect, taken down afterwards."""
    with one_node(dialect) as crasher:
        yield crasher


@pytest.fixture
def debian() -> Iterator[Crasher]:
    """The same with Debian's own kdump-tools, whose settings and dumps are elsewhere."""
    with one_node("kdump_tools") as crasher:
        yield crasher


@pytest.fixture
def rhel() -> Iterator[Crasher]:
    """The same laid out as RHEL, with the stand-in of kdump-utils."""
    with one_node("kdump_utils") as crasher:
        yield crasher


@contextmanager
def one_node(dialect: str) -> Iterator[Crasher]:
    """A lab with one healthy node of a dialect while this lasts."""
    remove_orphans()
    live = new_lab(f"proof-{dialect}")
    try:
        live.do("up", NODE, "--dialect", dialect, seconds=UP_SECONDS)
        yield Crasher(live)
    finally:
        live.remove()
