# SPDX-License-Identifier: Apache-2.0
"""Each remedy on a real node: planned, done, and done again with nothing to do (interrupted: test_interrupted.py)."""

from __future__ import annotations

import pytest
from selftest.lab.live import LiveLab
from selftest.lab.mending import STATE, VICTIM, broken, complaints, of, wait_for
from selftest.lab.operator import Operator

#: A fault, the remedy for it, and the checks that are still not content afterwards: what else an operator must do.
MENDED = [
    ("early-not-enabled", "service.enable", set[str]()),
    ("service-stopped", "service.restart", set[str]()),
    ("crash-link-is-directory", "links.repair", set[str]()),
    ("crash-link-missing", "links.repair", set[str]()),
    ("append-malformed", "config.repair", {"config.image"}),
]


@pytest.mark.parametrize(("fault", "remedy", "left"), MENDED, ids=[fault for fault, _, _ in MENDED])
def test_a_fault_is_planned_mended_and_then_left_alone(
    operator: Operator, fault: str, remedy: str, left: set[str]
) -> None:
    with broken(operator, fault):
        before = operator.ssh(VICTIM, STATE)
        plan = operator.recover(VICTIM)
        assert of(plan, remedy)["result"] is None
        assert operator.ssh(VICTIM, STATE) == before
        done = operator.recover(VICTIM, "--apply")
        assert of(done, remedy)["result"] is True
        assert of(done, remedy)["changes"]
        assert (complaints(done), done.exit_code) == (left, 0)
        mended = operator.ssh(VICTIM, STATE)
        again = operator.recover(VICTIM, "--apply")
        assert {(each["result"], tuple(each["changes"])) for each in again.remedies} == {(True, ())}
        assert operator.ssh(VICTIM, STATE) == mended
        assert operator.ssh(VICTIM, "ls -A /run | grep -c '^kdumpcheck.lock$' || true").strip() == "0"


#: Dumps of which three fill ROOTRAID; sparse files would not.
FILL = r"""
cd /var/crash
block=$(stat -f -c '%a %S' . | { read -r free size; echo $((free * size / 1048576 / 3 - 1)); })
for day in 01 02 03; do
    mkdir 2020-01-$day-00:00
    dd if=/dev/zero of=2020-01-$day-00:00/vmcore bs=1M count="$block" status=none
    echo x >2020-01-$day-00:00/README.txt
done
sync
"""


def test_old_dumps_make_room_and_the_newest_stays(operator: Operator) -> None:
    operator.ssh(VICTIM, FILL)
    try:
        done = operator.recover(VICTIM, "--apply")
        assert of(done, "dumps.prune")["result"] is True
        assert "dumps.space" not in complaints(done)
        assert operator.ssh(VICTIM, "ls /var/crash").split() == ["2020-01-02-00:00", "2020-01-03-00:00"]
        again = operator.recover(VICTIM, "--apply")
        assert (of(again, "dumps.prune")["result"], of(again, "dumps.prune")["changes"]) == (True, {})
    finally:
        operator.ssh(VICTIM, "rm -rf /var/crash/2020-*")


def test_a_node_is_rebooted_only_when_that_is_said_and_is_back_in_another_boot(operator: Operator) -> None:
    boot = "cat /proc/sys/kernel/random/boot_id"
    with broken(operator, "kexec-load-disabled"):
        before = operator.ssh(VICTIM, boot)
        kept = operator.recover(VICTIM, "--apply")
        assert (of(kept, "node.reboot")["result"], of(kept, "node.reboot")["changes"]) == (None, {})
        assert operator.ssh(VICTIM, boot) == before
        done = operator.recover(VICTIM, "--apply", "--reboot")
        assert of(done, "node.reboot")["result"] is True
        assert (complaints(done), done.exit_code) == (set(), 0)
        assert operator.ssh(VICTIM, boot) != before


def test_the_last_master_is_not_rebooted(operator: Operator) -> None:
    operator.lab("break", "ncn-m001", "kexec-load-disabled")
    try:
        run = operator.pytest("tests/recovery", "--nodes", "ncn-m001", "--apply", "--reboot", "-k", "reboot")
        assert of(run, "node.reboot")["result"] is False
        assert "not begun: guard.role: ncn-m001 may be the last master" in of(run, "node.reboot")["comment"]
    finally:
        # What only a boot undoes is thrown away with the node's memory.
        operator.lab("heal", "ncn-m001", "--restore")


#: Nothing is loaded and nothing restarts: the kernel stands still after its last word.
HANG = """
echo 0 >/proc/sys/kernel/panic
echo 1 >/proc/sys/kernel/sysrq
(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 </dev/null &
"""


def test_a_hung_node_is_watched_and_reset_once(lab: LiveLab, operator: Operator) -> None:
    console = lab.state.node(VICTIM) / "console.log"
    bmc = ("--bmc-user", "root", "--bmc-password-file", str(lab.state.bmc_password), "--hung-after", "20")
    with broken(operator, "unloaded"):
        size = console.stat().st_size
        operator.ssh(VICTIM, HANG)
        wait_for(lambda: b"end Kernel panic" in console.read_bytes()[size:], 300, "it hangs")
        plan = operator.recover(VICTIM, "--reboot", "-k", "reset", "--deadline", "20")
        assert of(plan, "node.reset")["result"] is None
        done = operator.recover(VICTIM, "--apply", "--reboot", *bmc, "-k", "reset or loaded", "--deadline", "60")
        told = of(done, "node.reset")
        assert told["result"] is True, told
        assert "it hung (no progress for " in told["comment"]
        assert console.read_bytes()[size:].count(b"Linux version ") == 1
        assert "it booted and answers again after" in told["comment"]
        again = operator.recover(VICTIM, "--apply", "--reboot", *bmc)
        assert (of(again, "node.reset")["result"], of(again, "node.reset")["changes"]) == (True, {})
        assert (complaints(again), again.exit_code) == (set(), 0)


def test_a_full_disk_leaves_the_old_initrd_in_its_place_and_loaded(operator: Operator) -> None:
    with broken(operator, "initrd-stale", "disk-full"):
        before = operator.ssh(VICTIM, STATE)
        run = operator.recover(VICTIM, "--apply", "-k", "rebuild")
        assert of(run, "initrd.rebuild")["result"] is False
        assert operator.ssh(VICTIM, STATE) == before
