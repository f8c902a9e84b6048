# SPDX-License-Identifier: Apache-2.0
"""Repairs of the kdump initrd. Without --apply they are planned and reported, and nothing is changed."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("initrd.rebuild")
def test_rebuild_the_kdump_initrd(recover: Recover) -> None:
    """Set the old initrd aside, have kdump build a new one, prove it; put the old one back if that fails."""
    recover()
