# SPDX-License-Identifier: Apache-2.0
"""A remedy interrupted in every rude way: the node is as it was, or is mended, and the next run knows."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from selftest.lab.mending import STATE, VICTIM, broken, complaints, of, wait_for
from selftest.lab.operator import BIN, PATIENCE, ROOT, Operator, Ran


class Rebuilding:
    """A recovery run in the background that is in the middle of building an initrd."""

    def __init__(self, operator: Operator) -> None:
        self._reports = tempfile.TemporaryDirectory()
        argv = [str(BIN / "pytest"), "tests/recovery", "--nodes", VICTIM, "--apply", "-p", "no:cacheprovider"]
        argv += ["--report-dir", self._reports.name, "--deadline", str(PATIENCE)]
        self.process = subprocess.Popen(
            argv, cwd=ROOT, env={**os.environ, **operator.environ}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        building = "test -s /run/kdumpcheck-remedy.log && cat /run/kdumpcheck-remedy.lock || true"
        wait_for(lambda: operator.ssh(VICTIM, building).strip(), 600, "the build begins")

    def ended(self) -> Ran:
        output, _ = self.process.communicate(timeout=1800)
        document = json.loads(Path(self._reports.name, "results.json").read_text(encoding="utf-8"))
        return Ran(self.process.returncode, output.decode(), document["results"], document["remedies"])


@pytest.fixture
def stale(operator: Operator) -> Iterator[Operator]:
    """An initrd that calls for a rebuild. No log of an earlier one is there to be taken for a new one's."""
    with broken(operator, "initrd-stale"):
        operator.ssh(VICTIM, "rm -f /run/kdumpcheck-remedy.log")
        yield operator


def test_a_repair_killed_on_the_node_leaves_it_as_it_was_and_the_next_run_mends_it(stale: Operator) -> None:
    before = stale.ssh(VICTIM, STATE)
    run = Rebuilding(stale)
    stale.ssh(VICTIM, "kill -9 $(cat /run/kdumpcheck-remedy.lock); pkill -9 -x dracut || true")
    assert of(run.ended(), "initrd.rebuild")["result"] is False
    now = [line for line in stale.ssh(VICTIM, STATE).splitlines() if ".kdumpcheck-" not in line]
    assert now == before.splitlines()
    done = stale.recover(VICTIM, "--apply")
    assert (of(done, "initrd.rebuild")["result"], done.exit_code) == (True, 0)
    assert stale.ssh(VICTIM, "ls -A /boot").count("kdumpcheck") == 0


def test_a_repair_goes_on_when_its_operator_is_killed_and_the_next_one_waits_for_it(stale: Operator) -> None:
    run = Rebuilding(stale)
    run.process.send_signal(signal.SIGKILL)
    run.process.communicate(timeout=300)
    done = stale.recover(VICTIM, "--apply")
    assert of(done, "initrd.rebuild") == {**of(done, "initrd.rebuild"), "result": True, "changes": {}}
    assert "it is well by now" in of(done, "initrd.rebuild")["comment"]
    assert done.exit_code == 0


def test_a_cut_connection_is_told_and_the_repair_ends_by_itself(stale: Operator) -> None:
    run = Rebuilding(stale)
    # The oldest of root's sessions is that of the run.
    stale.ssh(VICTIM, "pkill -9 -o -f '^sshd: root@notty'")
    told = of(run.ended(), "initrd.rebuild")
    assert told["result"] is False
    assert "the node was lost during the repair, which finishes or undoes itself there" in told["comment"]
    done = stale.recover(VICTIM, "--apply")
    assert (complaints(done), done.exit_code) == (set(), 0)
