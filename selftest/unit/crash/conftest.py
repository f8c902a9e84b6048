# SPDX-License-Identifier: Apache-2.0
"""A prover's hands that are quick, and a place for what it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.unit.crash.console import CLOCK, Clock
from selftest.unit.crash.pretend import PretendHands

from kdumpcheck.crash.ledger import Ledger
from kdumpcheck.crash.limits import Limits
from kdumpcheck.crash.pending import Pending


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    monkeypatch.setattr("kdumpcheck.crash.watch.time", CLOCK)
    yield CLOCK
    CLOCK.most = 0.05


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> PretendHands:
    quick = Limits(silence=0.3, quiet_save=0.3, boot=0.3, trigger=0.2, stuck=0.05)
    monkeypatch.setattr("kdumpcheck.crash.prover.Limits.of", lambda *_: quick)
    monkeypatch.setattr("kdumpcheck.crash.watch._ASK_EVERY", 0.02)
    monkeypatch.setattr("kdumpcheck.crash.watch._EVERY", 0.02)
    return PretendHands()


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Pending, Ledger]:
    return Pending(tmp_path / "crashes"), Ledger(tmp_path / "proofs.json")
