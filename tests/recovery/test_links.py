# SPDX-License-Identifier: Apache-2.0
"""Repairs of the links on ROOTRAID through which dumps land in /var/crash.

Without --apply they are planned and reported, and nothing is changed.
"""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("links.repair")
def test_make_the_links_as_the_boot_hook_does(recover: Recover) -> None:
    """Move dumps out of a directory that stands in a link's place, then make the relative link."""
    recover()
