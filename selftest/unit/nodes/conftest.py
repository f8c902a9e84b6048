# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cases() -> Path:
    """The inventories kept beside these tests."""
    return Path(__file__).parent / "cases"
