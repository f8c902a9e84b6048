# SPDX-License-Identifier: Apache-2.0
"""What this site wants beyond all others. Run it beside tests/validation."""

from __future__ import annotations

from kdumpcheck import check, expect
from kdumpcheck.facts import Crashkernel


@check(
    "site.crashkernel",
    title="The reservation is written as this site writes it",
    instruction="Set crashkernel=384M in the boot parameters (BSS), and reboot.",
    source="site wiki, page Kdump",
)
def test_crashkernel_is_the_sites(crashkernel: Crashkernel) -> None:
    """One size for all nodes makes them alike."""
    expect(
        [request.text for request in crashkernel.requests] == ["384M"],
        expected="crashkernel=384M",
        found=crashkernel.as_written,
    )
