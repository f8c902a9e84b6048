# SPDX-License-Identifier: Apache-2.0
"""What this site repairs beyond all others. Run it beside tests/recovery, with the site's checks."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("site.oops")
def test_an_oops_crashes_the_node(recover: Recover) -> None:
    """Set kernel.panic_on_oops for now and for the next boot."""
    recover()
