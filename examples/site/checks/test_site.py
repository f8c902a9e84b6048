# SPDX-License-Identifier: Apache-2.0
"""What this site wants beyond all others. Run it beside tests/validation."""

from __future__ import annotations

from kdumpcheck import check, expect
from kdumpcheck.facts import Crashkernel, Sysctls


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


@check(
    "site.oops",
    title="An oops crashes the node, so that there is a dump of it",
    remedy="site.oops",
    source="site wiki, page Kdump",
)
def test_an_oops_is_a_crash(sysctls: Sysctls) -> None:
    """A node that goes on after an oops dies later of something else."""
    expect(
        sysctls.panic_on_oops == 1,
        expected="kernel.panic_on_oops = 1",
        found=f"kernel.panic_on_oops = {sysctls.panic_on_oops}",
    )
