# SPDX-License-Identifier: Apache-2.0
"""The crash proof in a run of the suite: who gets one, what is refused, and what the reports say."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from selftest.unit.kept import captured, evidence
from selftest.unit.pretend import PretendNode
from selftest.unit.site import CHECKS, Site
from selftest.unit.suite.test_live import run

from kdumpcheck.checks import Subject
from kdumpcheck.crash.ledger import Fingerprint, Ledger, Proved
from kdumpcheck.suite.options import Options
from kdumpcheck.suite.suite import Suite

RECOVERY = ("tests/recovery", "-m", "crash")


@pytest.fixture
def node(tmp_path: Path) -> PretendNode:
    made = PretendNode(tmp_path / "node")
    made.initrd.write_bytes(made.build_archives(tmp_path / "tree"))
    return made


class TestCommandLine:
    @pytest.mark.parametrize(
        "words", [("--resume", "--apply"), ("--keep-dump",), ("--despite", "boot.survives"), ("--hung-after", "60")]
    )
    def test_parts_of_a_proof_need_one(self, site: Site, words: tuple[str, ...]) -> None:
        assert site.refused(*RECOVERY, "--hosts", "x", *words) == (
            f"{words[0]} is part of a crash proof: give --crash as well"
        )

    def test_a_crash_must_be_asked_for(self, site: Site) -> None:
        said = site.refused(*RECOVERY, "--hosts", "x", "--apply")
        assert said == "only tests that crash a node were selected: give --crash as well (see --help)"

    def test_kept_evidence_cannot_be_crashed(self, site: Site) -> None:
        assert "--crash needs the nodes themselves" in site.refused(*RECOVERY, "--replay", "x", "--crash")

    def test_what_is_resumed_was_applied(self, site: Site) -> None:
        assert "give --apply as well" in site.refused(*RECOVERY, "--hosts", "x", "--crash", "--resume")

    def test_a_check_that_does_not_exist_cannot_be_known_of(self, site: Site) -> None:
        said = site.refused(*RECOVERY, "--hosts", "x", "--crash", "--despite", "boot.survives,no.such")
        assert said == "--despite no.such: no check is called so (all: kdumpcheck explain)"

    @pytest.mark.parametrize("seconds", ["0", "-5", "nan", "1e9"])
    def test_a_patience_that_nobody_has(self, site: Site, seconds: str) -> None:
        said = site.refused(*RECOVERY, "--hosts", "x", "--crash", "--hung-after", seconds)
        assert said.startswith(f"--hung-after {float(seconds):g}: give it between")

    def test_one_process_takes_one_node_after_the_other(self, site: Site) -> None:
        assert "leave out -n" in site.refused(*RECOVERY, "--hosts", "x", "--crash", "-n", "2")


class TestRun:
    def test_without_crash_nobody_is_crashed_nor_a_crash_planned(self, site: Site, node: PretendNode) -> None:
        done = run(node, "tests/recovery")
        assert "1 deselected" in done.stdout
        assert site.document()["proofs"] == []

    def test_this_machine_is_never_crashed(self, site: Site, node: PretendNode) -> None:
        done = run(node, *RECOVERY, "--crash", "--apply", "--no-console")
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stdout
        document = site.document()
        (proof,) = document["proofs"]
        shut = {gate["name"] for gate in proof["gates"] if not gate["holds"]}
        assert (proof["word"], proof["phases"]) == ("refused", [])
        assert {"guard.own-node", "crash.kernel"} <= shut
        assert "the machine you are on" in proof["reason"]
        assert len(document["results"]) == CHECKS
        (step,) = document["plan"]
        assert (step["name"], step["possible"]) == ("crash.proof", True)
        assert "1 crash proof failed" in done.stdout
        assert "REFUSED: localhost:" in done.stdout

    def test_a_resume_watches_before_it_looks(self, site: Site, node: PretendNode) -> None:
        done = run(node, *RECOVERY, "--crash", "--apply", "--resume", "--no-console")
        assert done.returncode == 1, done.stdout
        document = site.document()
        assert [each["failure"] for each in document["nodes"]] == ["it was crashed, and has not been seen to be back"]
        assert {each["outcome"] for each in document["results"]} == {"error"}
        assert "nothing to --resume" in document["proofs"][0]["reason"]

    def test_it_is_one_row_of_each_report(self, site: Site, node: PretendNode) -> None:
        run(node, *RECOVERY, "--crash", "--no-console")
        latest = site.path / "reports" / "latest"
        page, junit = ((latest / name).read_text(encoding="utf-8") for name in ("report.html", "junit.xml"))
        assert "Crash proofs" in page
        assert "test_node_saves_its_dump_when_it_crashes" in junit


def test_a_proof_that_holds_no_more_is_told() -> None:
    suite = Suite.__new__(Suite)
    suite.options = cast("Options", SimpleNamespace(replay=None))
    subject = Subject(evidence("ncn-w001", captured("healthy")))
    now = Fingerprint.of(subject)
    for old, outdated in ((now, ""), (replace(now, kernel="1.2.3"), f"the kernel was 1.2.3, is {now.kernel}")):
        suite.__dict__["proved"] = {"ncn-w001": Proved("ncn-w001", "2026-11-25T10:00:00+00:00", old, 60.0, 1)}
        note = suite._proof_note(subject)
        assert note is not None
        assert note.outdated == outdated
        assert note.line == f"proved on 2026-11-25 10:00 UTC, kernel {old.kernel}, in 60 s"


def test_a_look_that_does_not_tell_claims_nothing(
    site: Site, node: PretendNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    old = Proved("localhost", "2026-11-25T10:00:00+00:00", Fingerprint("1.2.3", "", ""), 60.0, 1)
    Ledger(tmp_path / "state" / "kdumpcheck" / "proofs.json").write(old)
    done = run(node, "tests/validation", "-k", "survives")
    assert "out of date" not in done.stdout
    assert site.document()["nodes"][0]["proof"] is None


def test_a_broken_ledger_is_a_note_and_takes_no_verdict_away(
    site: Site, node: PretendNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "state" / "kdumpcheck").mkdir(parents=True)
    (tmp_path / "state" / "kdumpcheck" / "proofs.json").write_text("{")
    done: subprocess.CompletedProcess[str] = run(node, "tests/validation", "-k", "survives")
    assert "note: no proof is known of any node: " in done.stdout
    assert site.document()["nodes"][0]["proof"] is None
