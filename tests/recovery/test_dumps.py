# SPDX-License-Identifier: Apache-2.0
"""Repairs of the room for dumps. Without --apply they are planned and reported, and nothing is changed."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("dumps.prune")
def test_remove_the_oldest_dumps(recover: Recover) -> None:
    """Remove the oldest dumps, no more than needed and never the newest, where there is no room for a new one."""
    recover()
