# SPDX-License-Identifier: Apache-2.0
"""A node of its own for each crash: what one leaves must not be another's beginning."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from selftest.lab.live import UP_SECONDS, new_lab, remove_orphans
from selftest.proofs.crashes import Crasher

NODE = "ncn-w001"


@pytest.fixture(params=["suse_legacy", "suse"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Each dialect of kdump in its turn."""
    return str(request.param)


@pytest.fixture
def crasher(dialect: str) -> Iterator[Crasher]:
    """A lab with one healthy node of this dialect, taken down afterwards."""
    remove_orphans()
    live = new_lab(f"proof-{dialect}")
    try:
        live.do("up", NODE, "--dialect", dialect, seconds=UP_SECONDS)
        yield Crasher(live)
    finally:
        live.remove()
