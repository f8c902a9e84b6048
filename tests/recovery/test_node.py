# SPDX-License-Identifier: Apache-2.0
"""Repairs that take a node away for a while. They are planned, and with --apply done, only with --reboot."""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import Recover


@pytest.mark.remedy("node.reset")
def test_reset_a_hung_node(recover: Recover) -> None:
    """Watch the console of a node that does not answer; reset it once, through its BMC, if nothing moves there."""
    recover()


@pytest.mark.remedy("node.reboot")
def test_reboot_the_node(recover: Recover) -> None:
    """Reboot what only a boot mends; wait until the node is back in another boot, and judge it again."""
    recover()
