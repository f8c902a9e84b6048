# SPDX-License-Identifier: Apache-2.0
"""Repairs of /etc/sysconfig/kdump. Without --apply they are planned and reported, and nothing is changed."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("config.repair")
def test_make_module_blacklist_a_word_of_its_own(recover: Recover) -> None:
    """Merge module names that stand before module_blacklist= into it; keep the file as it was beside it."""
    recover()
