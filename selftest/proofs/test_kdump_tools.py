# SPDX-License-Identifier: Apache-2.0
"""Crash proofs of real nodes with Debian's own kdump-tools. Slow: `make proofs ONLY=kdump_tools`."""

from __future__ import annotations

import json

from selftest.proofs.conftest import NODE
from selftest.proofs.crashes import Crash, Crasher, despite

from kdumpcheck.lab.faults import FAULTS


def bad(crash: Crash) -> set[str]:
    return {name for name, holds in crash.holds().items() if not holds}


def dumps(crasher: Crasher) -> list[str]:
    return crasher.lab.run(NODE, "cd /var/crash && ls -d 2*/ 2>/dev/null || :\n").split()


def test_a_good_crash_is_proved_and_leaves_no_trace(debian: Crasher) -> None:
    crash = debian.crash(NODE)
    assert (crash.exit_code, crash.proof["word"]) == (0, "proved"), crash.text
    assert bad(crash) == set()
    points = {each["name"].removeprefix("proof.") for each in crash.proof["points"]}
    assert points == {
        *("back", "armed", "one-dump", "earlier-dumps", "whole", "kernel", "time", "marker", "named", "in-view"),
        "validation",
    }
    assert {"target mounted", "saving", "saved", "restarts"} <= set(crash.phases())
    assert "ROOTRAID" not in json.dumps(crash.proof)
    assert (crash.proof["dump"]["kind"], crash.proof["dump"]["kept"]) == ("flattened", False)
    assert dumps(debian) == []
    (node,) = crash.document["nodes"]
    assert (node["proof"]["when"], node["proof"]["outdated"]) == (crash.proof["started"], "")


def test_a_capture_kernel_that_saves_nothing_is_reset_and_named(debian: Crasher) -> None:
    fault = "debian-off-and-loaded"
    debian.lab.do("break", NODE, fault, seconds=1200)
    crash = debian.crash(NODE, *despite(*FAULTS[fault].expects))
    assert (crash.exit_code, crash.proof["word"], crash.proof["rescued"]) == (1, "failed", True), crash.text
    assert crash.proof["cause"] == "kdump-tools saved nothing, and the capture kernel stays"
    # USE_KDUMP=0 loads nothing at the boot after the reset either.
    assert {"proof.one-dump", "proof.armed"} <= bad(crash)


def test_a_dump_that_is_wanted_is_listed_and_not_put_at_stake(debian: Crasher) -> None:
    crash = debian.crash(NODE, "--keep-dump")
    assert crash.proof["word"] == "proved", crash.text
    name = crash.proof["dump"]["path"].rpartition("/")[2]
    assert dumps(debian) == [f"{name}/"]
    debian.lab.run(NODE, "echo KDUMP_NUM_DUMPS=1 >>/etc/default/kdump-tools\n")
    listed = debian.lab.kdumpcheck("dumps", "--nodes", NODE, "--json")
    (node,) = json.loads(listed.stdout)["nodes"]
    (dump,) = node["dumps"]
    assert (dump["name"], dump["verdict"], dump["deleted_by_crash"]) == (name, "complete", 1)
    again = debian.crash(NODE)
    assert (again.exit_code, again.proof["word"], bad(again)) == (1, "refused", {"crash.retention"}), again.text
