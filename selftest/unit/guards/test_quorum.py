# SPDX-License-Identifier: Apache-2.0
"""May a node of this role go away? By what the others say; and what cannot be told is a no."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kdumpcheck.guards import ClusterWord, may_go
from kdumpcheck.guards.quorum import script

READY = {"ncn-m001": True, "ncn-m002": True, "ncn-m003": True}
#: As kubectl, ceph and etcdctl print it on an NCN.
NODES = """\
ncn-m001   Ready                      control-plane,master   300d   v1.24.17
ncn-m002   Ready                      control-plane,master   300d   v1.24.17
ncn-m003   NotReady                   control-plane          300d   v1.24.17
ncn-w001   Ready,SchedulingDisabled   <none>                 300d   v1.24.17
"""
ETCD = """\
https://10.252.1.10:2379 is healthy: successfully committed proposal: took = 12.5ms
https://10.252.1.11:2379 is unhealthy: failed to commit proposal: context deadline exceeded
"""


class TestMaster:
    def test_the_only_one_known_may_not(self) -> None:
        gate = may_go("ncn-m001", "master", {})
        assert (gate.holds, gate.said) == (False, "ncn-m001 may be the last master: no other master is known")

    def test_the_last_reachable_one_may_not(self) -> None:
        gate = may_go("ncn-m001", "master", {"ncn-m002": None, "ncn-m003": None})
        assert not gate.holds
        assert "none of ncn-m002, ncn-m003 could be asked" in gate.said

    def test_one_of_three_that_are_ready_may(self) -> None:
        gate = may_go("ncn-m001", "master", {"ncn-m002": ClusterWord(masters=READY), "ncn-m003": None})
        assert gate.holds
        assert "2 of 3 masters Ready beside ncn-m001" in gate.said

    def test_one_of_three_of_which_one_is_ill_already_may_not(self) -> None:
        word = ClusterWord(masters={**READY, "ncn-m003": False})
        assert not may_go("ncn-m001", "master", {"ncn-m002": word}).holds

    def test_but_the_ill_one_itself_may(self) -> None:
        word = ClusterWord(masters={**READY, "ncn-m003": False})
        assert may_go("ncn-m003", "master", {"ncn-m002": word}).holds

    def test_one_of_two_may_not(self) -> None:
        word = ClusterWord(masters={"ncn-m001": True, "ncn-m002": True})
        assert not may_go("ncn-m001", "master", {"ncn-m002": word}).holds

    def test_not_while_a_member_of_etcd_is_ill(self) -> None:
        word = ClusterWord(masters=READY, etcd=(2, 3))
        assert "only 2 of 3 members of etcd" in may_go("ncn-m001", "master", {"ncn-m002": word}).said
        assert may_go("ncn-m001", "master", {"ncn-m002": ClusterWord(masters=READY, etcd=(3, 3))}).holds

    def test_a_kubectl_that_fails_is_a_doubt(self) -> None:
        words = {"ncn-m002": ClusterWord(masters=READY), "ncn-m003": ClusterWord(kubectl_failed="refused")}
        assert not may_go("ncn-m001", "master", words).holds

    def test_without_kubectl_it_is_enough_that_another_answers(self) -> None:
        assert may_go("ncn-m001", "master", {"ncn-m002": ClusterWord(), "ncn-m003": None}).holds


class TestStorage:
    @pytest.mark.parametrize(
        ("said", "holds"),
        [("HEALTH_OK", True), ("HEALTH_WARN 1 osds down", False), ("", False), ("HEALTH_OKAY", False)],
    )
    def test_only_while_ceph_is_healthy(self, said: str, holds: bool) -> None:
        assert may_go("ncn-s001", "storage", {"ncn-s002": ClusterWord(ceph=said)}).holds is holds

    def test_a_ceph_that_fails_is_a_doubt(self) -> None:
        assert not may_go("ncn-s001", "storage", {"ncn-s002": ClusterWord(ceph_failed="timed out")}).holds

    def test_one_that_is_there_counts_more_than_one_that_is_not(self) -> None:
        words = {"ncn-s002": ClusterWord(), "ncn-s003": ClusterWord(ceph="HEALTH_WARN")}
        assert not may_go("ncn-s001", "storage", words).holds

    def test_when_nobody_can_be_asked_it_is_a_no(self) -> None:
        assert not may_go("ncn-s001", "storage", {"ncn-s002": None}).holds

    def test_where_there_is_no_ceph_it_does_not_matter(self) -> None:
        assert may_go("ncn-s001", "storage", {"ncn-s001": ClusterWord()}).holds


@pytest.mark.parametrize("role", ["worker", "application", None])
def test_no_quorum_hangs_on_others(role: str | None) -> None:
    assert may_go("ncn-w001", role, {}).holds


def asked(tmp_path: Path, **programs: str) -> ClusterWord | None:
    """What the real script brings back from a machine with these programs alone, and the tools it needs."""
    for tool in ("timeout", "head", "cut", "sed", "sh", "cat"):
        (tmp_path / tool).symlink_to(next(p for d in ("/usr/bin", "/bin") if (p := Path(d, tool)).exists()))
    for name, text in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    body = script().replace("PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin", f"PATH={tmp_path}")
    environ = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(["/bin/sh"], input=body.encode(), capture_output=True, timeout=600, check=True, env=environ)
    return ClusterWord.parse(done.stdout)


class TestTheScript:
    def test_where_nothing_is_there_nothing_is_said(self, tmp_path: Path) -> None:
        assert asked(tmp_path) == ClusterWord()

    def test_it_brings_back_what_the_commands_say(self, tmp_path: Path) -> None:
        word = asked(tmp_path, ceph="echo HEALTH_OK", kubectl=f"cat <<'END'\n{NODES}END\n")
        assert word is not None
        assert word.ceph == "HEALTH_OK"
        assert word.masters == {"ncn-m001": True, "ncn-m002": True, "ncn-m003": False}

    def test_what_fails_is_told_as_a_failure(self, tmp_path: Path) -> None:
        word = asked(tmp_path, ceph="echo cannot connect >&2; exit 1", kubectl="exit 3")
        assert word is not None
        assert (word.ceph, word.ceph_failed) == (None, "cannot connect")
        assert (word.masters, word.kubectl_failed) == (None, "it ended with 3")

    def test_etcd_is_counted(self) -> None:
        lines = "".join(f"etcd\t{line}\n" for line in ETCD.splitlines())
        word = ClusterWord.parse(f"here=yes\nceph=absent\nnodes=absent\netcd=1\n{lines}".encode())
        assert word is not None
        assert word.etcd == (1, 2)


@given(st.binary(max_size=2000))
def test_any_bytes_are_an_answer(data: bytes) -> None:
    word = ClusterWord.parse(data)
    assert word is None or isinstance(word, ClusterWord)
