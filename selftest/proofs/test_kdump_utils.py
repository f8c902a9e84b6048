# SPDX-License-Identifier: Apache-2.0
"""Crash proofs of real nodes laid out as RHEL, with a stand-in of kdump-utils. Slow: `make proofs ONLY=kdump_utils`."""

from __future__ import annotations

import json

from selftest.proofs.conftest import NODE
from selftest.proofs.crashes import Crasher, despite

from kdumpcheck.lab.faults import FAULTS


def test_a_good_crash_is_proved_and_leaves_no_trace(rhel: Crasher) -> None:
    crash = rhel.crash(NODE)
    assert (crash.exit_code, crash.proof["word"]) == (0, "proved"), crash.text
    assert all(crash.holds().values())
    assert {"target mounted", "saving", "saved", "restarts"} <= set(crash.phases())
    told = json.dumps(crash.proof)
    assert "ROOTRAID" not in told
    assert "README" not in told
    assert (crash.proof["dump"]["kind"], crash.proof["dump"]["kept"]) == ("compressed", False)
    assert rhel.lab.run(NODE, "ls -A /var/crash\n").split() == []


def test_a_shell_after_a_failed_save_is_reset_and_named(rhel: Crasher) -> None:
    fault = "rhel-initrd-without-makedumpfile"
    rhel.lab.run(NODE, "echo failure_action shell >>/etc/kdump.conf && kdumpctl restart\n", seconds=1200)
    rhel.lab.do("break", NODE, fault, seconds=1200)
    crash = rhel.crash(NODE, *despite(*FAULTS[fault].expects))
    assert (crash.exit_code, crash.proof["word"], crash.proof["rescued"]) == (1, "failed", True), crash.text
    assert "a shell after a failed save" in crash.text
    assert {name for name, holds in crash.holds().items() if not holds} == {"proof.whole", "proof.named"}
