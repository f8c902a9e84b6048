# SPDX-License-Identifier: Apache-2.0
"""What is wrong, in the fewest lines: one a cause, most urgent first, and a verdict that promises nothing too much."""

from __future__ import annotations

from dataclasses import replace

import pytest
from selftest.unit.kept import TAKEN
from selftest.unit.reporters.test_proofs import GOOD

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters.folding import findings, subjects, verdict
from kdumpcheck.results import NodeLook, RemedyResult, Run
from kdumpcheck.results.run import CheckNote

PASS, WARN, FAIL, ERROR, SKIP = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.ERROR, Outcome.SKIP


def run_of(*results: Result, lost: dict[str, str] | None = None, known: int | None = None) -> Run:
    run = Run(TAKEN, "1", "live")
    lost = lost or {}
    for name in [*{result.node for result in results}, *lost]:
        run.nodes[name] = NodeLook(name, None, "x", "x", lost.get(name), None, None)
    run.results.extend(results)
    ids = {result.check for result in results}
    for check in [*ids, *(f"other.{number}" for number in range((known or len(ids)) - len(ids)))]:
        run.checks[check] = CheckNote(check, "T", "fail", None, "", "s", ())
    return run


def result(node: str, outcome: Outcome, check: str = "a.b", found: str = "f", remedy: str | None = None) -> Result:
    message = "why" if outcome in {ERROR, SKIP} else ""
    expected = "" if message else "e"
    return Result(node, check, "Title", outcome, message, expected, "" if message else found, remedy, "do this")


class TestFindings:
    def test_equal_findings_are_one_line_with_a_node_set(self) -> None:
        (finding,) = findings(run_of(*(result(f"ncn-w{number:03}", FAIL) for number in range(1, 121))))
        assert (finding.nodes, finding.count) == ("ncn-w[001-120]", 120)
        assert finding.text == "f; expected e"

    def test_a_repair_that_is_not_for_a_node_is_not_what_is_to_be_done_there(self) -> None:
        fits = result("a", FAIL, remedy="initrd.rebuild")
        refused = replace(fits, node="b", refused="its builder is not ours")
        found = {finding.nodes: finding.do for finding in findings(run_of(fits, refused))}
        assert found == {"a": "pytest tests/recovery --nodes a --apply", "b": "do this"}

    def test_unequal_findings_are_not(self) -> None:
        found = findings(run_of(result("a", FAIL, found="x"), result("b", FAIL, found="y"), result("c", WARN)))
        assert len(found) == 3

    def test_what_one_kdump_is_expected_to_have_is_not_told_of_a_node_with_another(self) -> None:
        new = replace(result("a", FAIL), expected="/var/lib/kdump/initrd")
        old = replace(new, node="b", expected="/boot/initrd-5.3-kdump")
        found = {finding.nodes: finding.text for finding in findings(run_of(new, old))}
        assert found == {"a": "f; expected /var/lib/kdump/initrd", "b": "f; expected /boot/initrd-5.3-kdump"}

    def test_what_loses_a_dump_comes_first_and_what_concerns_most_nodes_before_the_rest(self) -> None:
        run = run_of(
            result("a", WARN, "w.w"),
            result("a", ERROR, "e.e"),
            result("a", FAIL, "f.one"),
            *(result(name, FAIL, "f.two") for name in "abc"),
        )
        assert [finding.check for finding in findings(run)] == ["f.two", "f.one", "e.e", "w.w"]

    def test_a_lost_node_is_one_finding_whatever_the_number_of_checks(self) -> None:
        results = [result(node, ERROR, f"c.{number}") for node in ("a1", "a2") for number in range(30)]
        (finding,) = findings(run_of(*results, lost={"a1": "no route", "a2": "no route"}))
        assert (finding.nodes, finding.text, finding.check) == ("a[1-2]", "no route", "could not look")

    def test_a_repair_that_is_offered_is_the_command_to_type(self) -> None:
        (finding,) = findings(run_of(result("a1", FAIL, remedy="x.y"), result("a2", FAIL, remedy="x.y")))
        assert finding.do == "pytest tests/recovery --nodes 'a[1-2]' --apply"
        (finding,) = findings(run_of(result("a1", FAIL)))
        assert finding.do == "do this"

    def test_what_is_well_is_no_finding(self) -> None:
        assert findings(run_of(result("a", PASS), result("a", SKIP, "c.d"))) == []


class TestVerdict:
    @pytest.mark.parametrize(
        ("run", "sentence", "good"),
        [
            (run_of(result("a", PASS)), "all checks passed on 1 node", True),
            (run_of(result("a", PASS), result("b", PASS)), "all checks passed on 2 nodes", True),
            (run_of(result("a", PASS), known=13), "all selected checks passed on 1 node (1 of 13 checks)", True),
            (run_of(result("a", PASS), result("a", WARN, "c.d")), "no check failed on 1 node, 1 warning", True),
            (run_of(result("a", Outcome.RECOVERED)), "all checks passed on 1 node", True),
            (run_of(result("a", SKIP)), "no check applies to 1 node: why", False),
            (run_of(result("a", FAIL), result("b", PASS)), "1 of 2 nodes cannot be trusted to save a dump", False),
            (run_of(result("a", ERROR), result("b", PASS)), "1 of 2 nodes could not be judged", False),
            (run_of(), "nothing was judged: no check was selected (look at -k, -m and the paths)", False),
        ],
    )
    def test_in_a_sentence(self, run: Run, sentence: str, good: bool) -> None:
        assert verdict(run) == (sentence, good)

    def test_a_node_that_fails_and_could_not_be_judged_is_counted_once(self) -> None:
        run = run_of(result("a", FAIL), result("a", ERROR, "c.d"))
        assert verdict(run) == ("1 of 1 node cannot be trusted to save a dump", False)

    def test_an_interrupted_run_is_no_good_news(self) -> None:
        run = run_of(result("a", PASS))
        run.interrupted = True
        assert verdict(run) == ("the run was interrupted", False)

    def test_nor_is_one_with_a_repair_or_another_test_that_failed(self) -> None:
        run = run_of(result("a", PASS))
        run.remedies.append(RemedyResult("a", "x.y", result=False, changes={}, comment="no"))
        run.others_failed = 2
        assert verdict(run) == ("1 repair failed; 2 other tests failed", False)

    def test_a_repair_that_is_only_planned_is_not_a_failure(self) -> None:
        run = run_of(result("a", PASS))
        run.remedies.append(RemedyResult("a", "x.y", result=None, changes={}, comment="would"))
        assert verdict(run)[1]


class TestVerdictOfAnImage:
    """One image that was booted is there twice, as its file and as the node it became, and is still one image."""

    FILE, BOOTED = "a.squashfs", "a.squashfs-booted"

    def run_of(self, *results: Result) -> Run:
        run = run_of(*results)
        run.nodes[self.FILE] = replace(run.nodes[self.FILE], origin="image:/a.squashfs")
        return run

    @pytest.mark.parametrize(
        ("of_file", "of_booted", "sentence", "good"),
        [
            (PASS, PASS, "all checks passed on 1 image, booted", True),
            (SKIP, PASS, "all checks passed on 1 image, booted", True),
            (PASS, WARN, "no check failed on 1 image, booted, 1 warning", True),
            (PASS, SKIP, "all checks passed on 1 image, booted, none applies to the node it became", True),
            (PASS, FAIL, "the image, booted, cannot be trusted to save a dump", False),
            (PASS, ERROR, "the image, booted, could not be judged", False),
            (FAIL, ERROR, "the image, booted, cannot be trusted to save a dump", False),
            (SKIP, SKIP, "no check applies to 1 image, booted: why", False),
        ],
    )
    def test_booted(self, of_file: Outcome, of_booted: Outcome, sentence: str, good: bool) -> None:
        run = self.run_of(result(self.FILE, of_file), result(self.BOOTED, of_booted))
        assert verdict(run) == (sentence, good)
        assert subjects(run, 2) == "1 image, booted"

    def test_and_crashed(self) -> None:
        run = self.run_of(result(self.FILE, PASS), result(self.BOOTED, PASS))
        run.proofs.append(replace(GOOD, node=self.BOOTED))
        assert verdict(run) == ("all checks passed on 1 image, booted; proved by a crash", True)

    def test_an_image_beside_other_nodes_is_none_of_them(self) -> None:
        run = self.run_of(result(self.FILE, PASS), result(self.BOOTED, PASS), result("ncn-w001", PASS))
        assert verdict(run) == ("all checks passed on 3 nodes", True)
        run = self.run_of(result(self.FILE, PASS), result("ncn-w001", FAIL))
        assert verdict(run) == ("1 of 2 nodes cannot be trusted to save a dump", False)
