# SPDX-License-Identifier: Apache-2.0
"""Every way a crash proof can go, on real nodes of both dialects. Slow: `make proofs`.

Each real console is kept where $KEEP_CONSOLES says, to become a captured case of the state machine.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from selftest.lab.live import LiveLab
from selftest.lab.operator import Operator
from selftest.proofs.conftest import NODE
from selftest.proofs.crashes import HANGS, PANICS, Crash, Crasher, append, despite
from selftest.proofs.nmi import nmi_button

from kdumpcheck.lab.deadline import Deadline
from kdumpcheck.lab.faults import FAULTS
from kdumpcheck.lab.faults.fault import PRELUDE
from kdumpcheck.lab.process import Process
from kdumpcheck.lab.ssh import speaks

#: Too little for a vmcore, and enough for what comes before it.
FILLED = (
    PRELUDE
    + """
free=$(($(stat -f -c '%a*%S' "$rootraid") / 1048576))
fallocate -l "$((free - 8))M" "$rootraid/filler"
sync
"""
)


def broken(crasher: Crasher, fault: str) -> list[str]:
    """Break the node, and say that what is red is known."""
    crasher.lab.do("break", NODE, fault, seconds=1200)
    return list(despite(*FAULTS[fault].expects))


def bad(crash: Crash) -> set[str]:
    return {name for name, holds in crash.holds().items() if not holds}


def dumps(lab: LiveLab) -> list[str]:
    return lab.run(NODE, "ls /var/crash\n").split()


def wait_until_back(lab: LiveLab) -> None:
    address = lab.record(NODE).address
    Deadline(600.0, f"{NODE}: SSH answers").poll(lambda: speaks(address), every=1.0)


def test_a_good_crash_is_proved_and_leaves_no_trace(crasher: Crasher) -> None:
    crash = crasher.crash(NODE)
    assert (crash.exit_code, crash.proof["word"]) == (0, "proved"), crash.text
    assert bad(crash) == set()
    assert crash.phases()[-3:] == ["boots again", "up", "armed"]
    assert dumps(crasher.lab) == []
    assert f"PROVED: {NODE}" in crash.text
    (node,) = crash.document["nodes"]
    assert (node["proof"]["when"], node["proof"]["outdated"]) == (crash.proof["started"], "")


def test_a_dump_that_is_wanted_stays(crasher: Crasher) -> None:
    crash = crasher.crash(NODE, "--keep-dump")
    assert crash.proof["word"] == "proved"
    assert dumps(crasher.lab) == [crash.proof["dump"]["path"].rpartition("/")[2]]


def test_an_nmi_crashes_it_too(crasher: Crasher, tmp_path: Path) -> None:
    with nmi_button(crasher.lab, NODE, tmp_path):
        crash = crasher.crash(NODE, "--crash-by", "nmi")
    assert (crash.exit_code, crash.proof["word"]) == (0, "proved"), crash.text
    assert (tmp_path / "pressed").read_text(encoding="utf-8") == "nmi\n"


def test_a_bmc_that_knows_no_nmi_is_told_and_the_node_is_left_as_it_was(crasher: Crasher) -> None:
    meant = "cat /proc/sys/kernel/unknown_nmi_panic /proc/sys/kernel/random/boot_id"
    before = crasher.lab.run(NODE, meant)
    crash = crasher.crash(NODE, "--crash-by", "nmi")
    assert (crash.exit_code, crash.proof["word"]) == (1, "refused"), crash.text
    assert "no NMI was sent" in crash.proof["reason"]
    assert crasher.lab.run(NODE, meant) == before


def test_without_a_console_only_the_end_is_seen(crasher: Crasher) -> None:
    crash = crasher.crash(NODE, "--no-console")
    assert (crash.proof["word"], crash.phases()) == ("proved", ["up", "armed"])
    assert crash.proof["unseen"] == ["no console was watched"]


def test_a_hung_capture_kernel_is_reset_and_named(crasher: Crasher) -> None:
    crasher.lab.run(NODE, HANGS, seconds=300)
    crash = crasher.crash(NODE)
    assert (crash.exit_code, crash.proof["word"], crash.proof["rescued"]) == (1, "failed", True), crash.text
    assert crash.proof["hung_in"] in ("capture kernel", "capture initrd")
    assert crash.proof["last_lines"]
    assert "proof.one-dump" in bad(crash)


def test_too_little_crash_memory_is_named(crasher: Crasher, dialect: str) -> None:
    crash = crasher.crash(NODE, *broken(crasher, "crashkernel-96M"))
    assert (crash.exit_code, crash.proof["word"]) == (1, "failed"), crash.text
    assert "memory" in crash.proof["cause"]


def test_a_capture_kernel_that_panics_is_named(crasher: Crasher) -> None:
    crasher.lab.run(NODE, PANICS, seconds=300)
    crash = crasher.crash(NODE)
    assert (crash.exit_code, crash.proof["word"]) == (1, "failed"), crash.text
    assert crash.proof["cause"].startswith("the capture kernel panicked")


def test_a_save_target_that_is_missing_is_named(crasher: Crasher, dialect: str) -> None:
    fault = "initrd-for-a-lost-label" if dialect == "suse_legacy" else "savedir-on-the-overlay"
    crash = crasher.crash(NODE, *broken(crasher, fault))
    assert (crash.exit_code, crash.proof["word"]) == (1, "failed"), crash.text
    assert crash.proof["cause"]
    assert "proof.one-dump" in bad(crash)


def test_a_disk_that_fills_while_it_saves_is_named(crasher: Crasher) -> None:
    crasher.lab.run(NODE, FILLED, seconds=120)
    crash = crasher.crash(NODE, *despite("dumps.space"))
    assert (crash.exit_code, crash.proof["word"]) == (1, "failed"), crash.text
    assert "full" in crash.proof["cause"] or "KDUMP_FREE_DISK_SIZE" in crash.proof["cause"]


def test_a_node_that_comes_back_too_slowly_is_left_alone_and_resumed(crasher: Crasher) -> None:
    crash = crasher.crash(NODE, "--boot-deadline", "5")
    assert (crash.exit_code, crash.proof["word"], crash.proof["rescued"]) == (1, "failed", False), crash.text
    assert "still on its way" in crash.proof["reason"]
    again = crasher.crash(NODE, "--resume")
    assert (again.exit_code, again.proof["word"]) == (0, "proved"), again.text


def test_a_bmc_that_dies_meanwhile_leaves_an_instruction(crasher: Crasher, tmp_path: Path) -> None:
    lab = crasher.lab
    lab.run(NODE, HANGS, seconds=300)
    process = crasher.start(NODE, "--boot-deadline", "30", "--hung-after", "40", reports=str(tmp_path))
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if ": capture kernel," in line:
            kill_bmcs(lab)
    text = "".join(lines)
    assert process.wait(600) == 1, text
    assert "could not be reset" in text
    assert f"--nodes {NODE} --crash --apply --resume" in text
    lab.do("up", NODE)
    assert lab.ipmi(NODE, "power", "reset").returncode == 0
    wait_until_back(lab)
    again = crasher.crash(NODE, "--resume")
    assert (again.exit_code, again.proof["word"]) == (1, "failed"), again.text
    assert "proof.one-dump" in bad(again)


def kill_bmcs(lab: LiveLab) -> None:
    """All BMCs of a lab are one process."""
    found = Process.load(lab.state.bmc)
    assert found is not None
    if found.alive:
        os.kill(found.pid, signal.SIGKILL)


def test_a_ctrl_c_leaves_the_crash_to_resume(crasher: Crasher) -> None:
    crash = crasher.crash(NODE, stop_at="capture initrd")
    assert (crash.exit_code, crash.proof["word"]) == (2, "interrupted"), crash.text
    assert "capture kernel" in crash.phases()
    refused = crasher.crash(NODE)
    assert (refused.exit_code, refused.proof["word"]) == (1, "refused")
    assert "crash.earlier" in bad(refused)
    again = crasher.crash(NODE, "--resume")
    assert (again.exit_code, again.proof["word"]) == (0, "proved"), again.text


def test_the_ledger_tells_when_a_proof_is_out_of_date(crasher: Crasher) -> None:
    assert crasher.crash(NODE).proof["word"] == "proved"
    (node,) = Operator(crasher.lab.environ).validate(NODE).nodes
    assert node["proof"]["outdated"] == ""
    crasher.lab.run(NODE, append("kdumpcheck.changed"), seconds=300)
    (node,) = Operator(crasher.lab.environ).validate(NODE).nodes
    assert node["proof"]["outdated"].startswith("kdump's settings")
