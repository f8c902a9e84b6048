# SPDX-License-Identifier: Apache-2.0
"""The main job on real nodes: each fault turns its own check red, on its own node; recovery mends what it can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from selftest.lab.operator import Operator, Ran

from kdumpcheck.lab.faults import FAULTS

NODES = ("ncn-m001", "ncn-w001", "ncn-s001")
VICTIM = "ncn-w001"
BYSTANDER = "ncn-s001"
#: Those that break and heal in seconds, and one that takes a boot, at the end. `make detection` tries all.
QUICK = [
    name for name, fault in FAULTS.items() if fault.heals and not fault.restarts and "suse_legacy" in fault.dialects
]


def broken(results: list[dict[str, str]]) -> set[tuple[str, str, str]]:
    return {(r["node"], r["check"], r["outcome"]) for r in results if r["outcome"] not in {"pass", "skip"}}


def rebuilds(run: Ran) -> list[dict[str, Any]]:
    """What a run says of the rebuild of an initrd."""
    return [remedy for remedy in run.remedies if remedy["name"] == "initrd.rebuild"]


def expected(fault: str) -> set[tuple[str, str]]:
    """What is to be said of a node with this fault, and nothing else."""
    wrong = FAULTS[fault]
    return {(check, "fail") for check in wrong.expects} | {(check, "warn") for check in wrong.warns}


def test_healthy_nodes_are_all_green(operator: Operator) -> None:
    run = operator.validate(*NODES)
    assert broken(run.results) == set()
    assert {result["node"] for result in run.results} == set(NODES)
    assert run.exit_code == 0


@pytest.mark.parametrize("fault", [*QUICK, "no-crashkernel"])
def test_a_fault_is_named_on_its_node_and_nowhere_else(operator: Operator, fault: str) -> None:
    """Exactly the right check fails, on exactly that node: what the last fault left behind would show in the next."""
    operator.lab("break", VICTIM, fault)
    try:
        run = operator.validate(VICTIM, BYSTANDER)
        assert broken(run.results) == {(VICTIM, *each) for each in expected(fault)}
        assert run.exit_code == int(bool(FAULTS[fault].expects))
    finally:
        operator.lab("heal", VICTIM, fault)


def test_a_healed_node_is_green_again(operator: Operator) -> None:
    healed = operator.validate(VICTIM)
    assert broken(healed.results) == set()
    assert healed.exit_code == 0


def test_a_missing_initrd_is_planned_mended_and_then_left_alone(operator: Operator) -> None:
    """Without --apply nothing changes; with it the node is mended; a second time there is nothing to do."""
    operator.lab("break", VICTIM, "initrd-missing")
    plan = operator.recover(VICTIM)
    assert [remedy["result"] for remedy in rebuilds(plan)] == [None]
    assert plan.exit_code == 1
    assert broken(operator.validate(VICTIM).results) == {(VICTIM, *each) for each in expected("initrd-missing")}
    done = operator.recover(VICTIM, "--apply")
    assert [remedy["result"] for remedy in rebuilds(done)] == [True]
    assert rebuilds(done)[0]["changes"]
    assert (VICTIM, "initrd.present", "recovered") in broken(done.results)
    assert done.exit_code == 0
    again = operator.recover(VICTIM, "--apply")
    assert [(remedy["result"], remedy["changes"]) for remedy in rebuilds(again)] == [(True, {})]
    assert again.exit_code == 0
    operator.lab("heal", VICTIM, "initrd-missing", check=False)


def test_a_failed_rebuild_leaves_the_node_as_it_was(operator: Operator) -> None:
    """With a broken builder the old initrd stays, byte for byte, and the capture kernel stays loaded."""
    state = "sha256sum /boot/initrd-*-kdump; cat /sys/kernel/kexec_crash_loaded; ls -A /boot"
    operator.lab("break", VICTIM, "initrd-stale")
    operator.ssh(
        VICTIM,
        "mkdir -p /root/kept && cp -a /usr/bin/dracut /root/kept/ && printf '#!/bin/sh\\nexit 1\\n' >/usr/bin/dracut",
    )
    try:
        before = operator.ssh(VICTIM, state)
        run = operator.recover(VICTIM, "--apply")
        assert [remedy["result"] for remedy in rebuilds(run)] == [False]
        assert run.exit_code == 1
        assert operator.ssh(VICTIM, state) == before
    finally:
        operator.ssh(VICTIM, "cp -a /root/kept/dracut /usr/bin/dracut && rm -r /root/kept")
        operator.lab("heal", VICTIM, "initrd-stale")
    assert operator.validate(VICTIM).exit_code == 0


def test_validation_is_one_connection_and_one_exec(operator: Operator) -> None:
    # What sshd has said, the journal has only when it comes to it.
    count = "journalctl --sync; journalctl -b -u ssh --no-pager | grep -c 'Accepted publickey'"
    before = int(operator.ssh(VICTIM, count))
    operator.validate(VICTIM)
    # The counting itself logs in once more.
    assert int(operator.ssh(VICTIM, count)) == before + 2


def test_validation_opens_no_file_for_writing(operator: Operator) -> None:
    """Beside what strace says of the probe elsewhere, the node's own word: no file is newer than before."""
    operator.ssh(VICTIM, "touch /run/before-validation; sync")
    operator.validate(VICTIM)
    newer = "find /etc /boot /var /root /srv /run/initramfs/overlayfs /tmp -xdev -newer /run/before-validation -type f"
    # A log may grow meanwhile, and an SQLite RPM database cannot be read without its two helper files.
    others = "! -path '*/var/log/*' ! -name 'rpmdb.sqlite-*'"
    written = operator.ssh(VICTIM, f"{newer} {others} || true").splitlines()
    assert written == []


def test_kept_evidence_gives_the_same_verdicts(operator: Operator, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    live = operator.validate(*NODES, options=("--bundle", str(bundle)))
    replayed = operator.pytest("tests/validation", "--replay", str(bundle))
    strip = [{key: value for key, value in each.items() if key != "seconds"} for each in live.results]
    again = [{key: value for key, value in each.items() if key != "seconds"} for each in replayed.results]
    assert json.dumps(again) == json.dumps(strip)
