# SPDX-License-Identifier: Apache-2.0
"""The last word: crash the node on purpose, and see that its dump is saved. Only with --crash, and only with --apply.

Before the node is touched, every gate must be open: validation green, the dump safe from the next boot, room for it, no
older dump at stake, BMC and console at hand, no other node away. A hung node is reset over its BMC.
"""

from __future__ import annotations

import pytest

from kdumpcheck.suite.recovery import CrashProof


@pytest.mark.crash
def test_node_saves_its_dump_when_it_crashes(crash_proof: CrashProof) -> None:
    """Crash it, watch its console until it is back, and see that the dump is whole, its own, and in /var/crash."""
    crash_proof()
