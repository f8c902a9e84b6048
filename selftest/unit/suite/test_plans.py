# SPDX-License-Identifier: Apache-2.0
"""The plan: ordered, without steps that another one does, shown before anything is done, and asked for once."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from selftest.unit.pretend import INITRD, PretendNode
from selftest.unit.site import ROOT, Site

from kdumpcheck.catalogue import load_checks
from kdumpcheck.checks import Outcome, Result, Subject
from kdumpcheck.evidence import load
from kdumpcheck.remedies import REMEDIES
from kdumpcheck.suite.plans import mends, plan_of

CASES = ROOT / "selftest/cases/suse_legacy"
CHECKS = load_checks(ROOT / "tests/validation")
RECOVERY = sorted((ROOT / "tests/recovery").glob("test_*.py"))


def subject() -> Subject:
    return Subject(load(CASES / "initrd-missing.evidence.gz"))


def broken(check: str, remedy: str, outcome: Outcome = Outcome.FAIL) -> Result:
    return Result("ncn-w001", check, "Title", outcome, "m", "e", "f", remedy)


class TestPlan:
    def test_of_a_good_node_is_empty(self) -> None:
        assert plan_of(subject(), [broken("a.b", "initrd.rebuild", Outcome.PASS)], list(REMEDIES)) == []

    def test_is_in_the_order_of_the_remedies(self) -> None:
        results = [broken("initrd.present", "initrd.rebuild"), broken("service.enabled", "service.enable")]
        assert [step.name for step in plan_of(subject(), results, list(REMEDIES))] == [
            "service.enable",
            "initrd.rebuild",
        ]

    def test_a_part_of_another_step_is_not_planned_again(self) -> None:
        results = [broken("service.loaded", "service.restart"), broken("initrd.present", "initrd.rebuild")]
        (step,) = plan_of(subject(), results, list(REMEDIES))
        assert (step.name, step.mends) == ("initrd.rebuild", ("initrd.present", "service.loaded"))

    def test_a_part_is_planned_by_itself_where_the_whole_is_not_needed(self) -> None:
        (step,) = plan_of(subject(), [broken("service.loaded", "service.restart")], list(REMEDIES))
        assert step.name == "service.restart"
        assert mends("initrd.rebuild", [broken("service.loaded", "service.restart")]) == ()

    @pytest.mark.parametrize(
        ("provider", "said"),
        [
            ("kdump_tools", "Debian's kdump-tools: the dump goes to the node's own root"),
            ("kdump_utils", "RHEL's kdump-utils: the dump goes where /etc/kdump.conf says"),
        ],
    )
    def test_what_does_not_fit_a_kdump_is_refused_by_name(self, provider: str, said: str) -> None:
        results = [broken("service.enabled", "service.enable"), broken("initrd.present", "initrd.rebuild")]
        results += [broken("links.crash", "links.repair"), broken("crashkernel.present", "node.reboot")]
        healthy = Subject(load(ROOT / f"selftest/cases/{provider}/healthy.evidence.gz"))
        steps = {step.name: step for step in plan_of(healthy, results, list(REMEDIES), reboot=True)}
        assert {name: step.action is not None for name, step in steps.items()} == {
            "links.repair": False,
            "service.enable": True,
            "initrd.rebuild": True,
            "node.reboot": False,
        }
        assert steps["links.repair"].refusal.startswith(f"links.repair does not fit {said}")
        assert "; by hand: " in steps["node.reboot"].refusal

    def test_or_where_the_whole_is_not_possible(self) -> None:
        results = [broken("service.loaded", "service.restart"), broken("initrd.present", "initrd.rebuild")]
        steps = plan_of(Subject(load(CASES / "no-crashkernel.evidence.gz")), results, list(REMEDIES))
        assert [(step.name, step.action) for step in steps] == [("initrd.rebuild", None), ("service.restart", None)]
        assert all("no crash memory is reserved" in step.refusal for step in steps)

    def test_holds_what_is_wanted_alone(self) -> None:
        results = [broken("initrd.present", "initrd.rebuild"), broken("service.enabled", "service.enable")]
        assert [step.name for step in plan_of(subject(), results, ["service.enable"])] == ["service.enable"]


class TestEveryRemedy:
    @pytest.mark.parametrize("name", list(REMEDIES))
    def test_is_named_by_a_check(self, name: str) -> None:
        assert REMEDIES[name].for_lost or [check for check in CHECKS if check.remedy == name]

    @pytest.mark.parametrize("name", list(REMEDIES))
    def test_has_one_recovery_test(self, name: str) -> None:
        lines = [line for path in RECOVERY for line in path.read_text(encoding="utf-8").splitlines()]
        assert lines.count(f'@pytest.mark.remedy("{name}")') == 1

    @pytest.mark.parametrize("name", list(REMEDIES))
    def test_names_only_remedies_that_come_later(self, name: str) -> None:
        order = list(REMEDIES)
        assert all(order.index(other) > order.index(name) for other in (*REMEDIES[name].then, *REMEDIES[name].includes))


def test_a_recovery_test_without_a_remedy_is_refused(site: Site) -> None:
    (site.path / "tests/recovery/test_own.py").write_text("def test_it(recover):\n    recover()\n")
    site.keep(w001="healthy")
    result = site.run("tests/recovery", "--replay", site.bundle)
    assert result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_repair_that_cannot_be_is_told_once(site: Site) -> None:
    site.keep(w001="disk-full")
    result = site.run("tests/recovery", "--replay", site.bundle)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    said = result.stdout.str()
    assert said.count("ncn-w001: dumps.prune: ") == 1, said
    assert "= FAILURES =" not in said, "the summary, which says what to do, is not to scroll away"


def test_a_recovery_test_that_breaks_by_itself_is_shown(site: Site) -> None:
    path = site.path / "tests/recovery/test_dumps.py"
    path.write_text(path.read_text().replace("recover()", "assert recover() == 42"))
    site.keep(w001="healthy")
    said = site.run("tests/recovery", "--replay", site.bundle).stdout.str()
    assert "assert None == 42" in said


class TestOnATerminal:
    """--apply shows the plan and asks once."""

    def answer(self, node: PretendNode, words: bytes, *more: str) -> tuple[int, str]:
        argv = node.command(
            *(sys.executable, "-m", "pytest", "--hosts", "local://", "tests/recovery", "--apply"),
            *("-k", "rebuild or initrd.py", *more),
        )
        terminal, inside = pty.openpty()
        process = subprocess.Popen(argv, stdin=inside, stdout=inside, stderr=inside)
        os.close(inside)
        os.write(terminal, words)
        # A question that nobody expects is answered by the end of a file, and not waited for.
        os.write(terminal, b"\x04")
        said = bytearray()
        try:
            while part := os.read(terminal, 4096):
                said += part
        except OSError:
            # So a terminal says that nobody is at its other end any more.
            pass
        os.close(terminal)
        return process.wait(timeout=600), said.decode()

    @pytest.fixture
    def node(self, tmp_path: Path) -> PretendNode:
        return PretendNode(tmp_path / "node")

    def test_no_changes_nothing(self, site: Site, node: PretendNode) -> None:
        status, said = self.answer(node, b"no\n")
        assert "1. initrd.rebuild (initrd.present" in said
        assert "Do this on localhost? [y/N]" in said
        assert status == 1
        assert node.calls == []
        assert site.document()["plan"][0]["name"] == "initrd.rebuild"

    def test_yes_does_it(self, site: Site, node: PretendNode) -> None:
        _, said = self.answer(node, b"y\n")
        assert f"DONE  localhost: initrd.rebuild: rebuilt /boot/{INITRD} and loaded it" in said

    def test_an_option_says_yes_beforehand(self, site: Site, node: PretendNode) -> None:
        _, said = self.answer(node, b"", "--yes")
        assert "[y/N]" not in said
        assert f"DONE  localhost: initrd.rebuild: rebuilt /boot/{INITRD} and loaded it" in said

    def test_nothing_to_do_is_not_asked_for(self, site: Site, node: PretendNode) -> None:
        _, said = self.answer(node, b"", "-k", "enable_kdump")
        assert "[y/N]" not in said
        assert site.document()["plan"] == []
