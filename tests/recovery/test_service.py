# SPDX-License-Identifier: Apache-2.0
"""Repairs of kdump's units. Without --apply they are planned and reported, and nothing is changed."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("service.enable")
def test_enable_kdump_at_boot(recover: Recover) -> None:
    """Have systemd start kdump.service and kdump-early.service at the next boot; start nothing now."""
    recover()


@pytest.mark.remedy("service.restart")
def test_restart_kdump(recover: Recover) -> None:
    """Restart kdump.service and see that a capture kernel is loaded; say what the journal says when none is."""
    recover()
