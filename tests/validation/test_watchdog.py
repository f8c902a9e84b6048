# SPDX-License-Identifier: Apache-2.0
"""Will something reset the node while it saves the dump?"""

from __future__ import annotations

from kdumpcheck import Severity, check, could_not_look, expect
from kdumpcheck.facts import Watchdogs


@check(
    "watchdog.quiet",
    title="No armed hardware watchdog resets the node in the middle of the dump",
    severity=Severity.WARN,
    instruction="Find who feeds it (wdctl; systemctl show -p RuntimeWatchdogUSec; sbd) and switch it off, or give it "
    "more time than a dump takes; else prove by a test crash that the dump is whole.",
    source="openSUSE/kdump commit f8d3b4e (otherwise the dump may be interrupted by a watchdog); "
    "Linux ABI sysfs-class-watchdog",
)
def test_no_armed_hardware_watchdog(watchdogs: Watchdogs) -> None:
    """Nobody feeds it after the crash: it bites when its time is up, and what was saved until then is cut off."""
    untold = [watchdog for watchdog in watchdogs.found if not watchdog.state]
    if untold:
        could_not_look(f"the kernel does not say whether {untold[0].name} is armed (CONFIG_WATCHDOG_SYSFS)")
    armed = [watchdog for watchdog in watchdogs.found if watchdog.outlives_the_crash]
    expect(
        not armed,
        expected="no hardware watchdog that is active",
        found="; ".join(watchdog.description for watchdog in armed or watchdogs.found) or "no watchdog at all",
    )
