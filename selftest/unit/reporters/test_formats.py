# SPDX-License-Identifier: Apache-2.0
"""Each format, read as it is outside: by xmllint, Perl's harness, Prometheus' parser, the rules of CSM's printer."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.reporters import nagios
from kdumpcheck.reporters.formats import FORMATS, FormatError, of_a_run
from kdumpcheck.reporters.reporter import Gate
from kdumpcheck.results import NodeLook, OtherTest, RemedyResult, Run
from kdumpcheck.results.read import parse_results
from kdumpcheck.results.run import CheckNote

XSD = Path(__file__).with_name("junit-10-rules.xsd")
PLAIN = Gate()
#: What each format could be broken with, in one text.
HOSTILE = (
    "a\n::error::x\r\nnot ok 1\nBail out!\n# SKIP \\# %0A | x=1 \x1b[31m\x00\x08\ufffe\ud800 \u202e]]>"
    "<script>&\"'\n  ...\n}\n# TYPE x gauge\u2028" + "x" * 100_000
)


def run_of(*outcomes: Outcome, text: str = "x", nodes: int = 1) -> Run:
    run = Run(datetime(2026, 11, 22, tzinfo=UTC), "1", "live", finished=datetime(2026, 11, 22, 0, 1, tzinfo=UTC))
    for number in range(nodes):
        name = f"ncn-w{number + 1:03d}"
        run.nodes[name] = NodeLook(name, "worker", text, "2026-11-22T00:00:00+00:00", None, "suse", None)
        for place, outcome in enumerate(outcomes):
            check = f"group.check-{place}"
            run.checks[check] = CheckNote(check, text, "fail", "initrd.rebuild", text, "man", ())
            run.results.append(
                Result(name, check, text, outcome, text, text, text, "initrd.rebuild", text, "man", 1e-6)
            )
    return run


def each(text: str = "x") -> Run:
    run = run_of(*Outcome, text=text)
    run.tests = [OtherTest("site", text, 0.5, problem, text) for problem in ("", "failure", "error", "skipped")]
    run.others_failed = 2
    return run


def read_again(run: Run) -> Run:
    return parse_results(FORMATS["json"].render(run, PLAIN).encode(), "results.json")


def render(name: str, run: Run, gate: Gate = PLAIN) -> str:
    return FORMATS[name].render(run, gate)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
class TestEach:
    def test_it_is_text_that_a_file_can_hold(self, name: str, text: str) -> None:
        made = render(name, each(text))
        assert made.endswith("\n")
        made.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e\u2028]", made)

    def test_the_document_alone_makes_it_again(self, name: str, text: str) -> None:
        # What a node said is one harmless line in every run's document; a made-up one becomes so when it is read.
        run = read_again(each(text))
        assert render(name, read_again(run)) == render(name, run)

    def test_an_empty_run_has_one_too(self, name: str, text: str) -> None:
        run = run_of()
        run.interrupted = True
        assert render(name, run) or name in {"github", "grok"}


@pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
class TestJunit:
    def test_it_is_as_jenkins_wants_it(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "junit.xml").write_text(render("junit", each(text)), encoding="utf-8")
        done = subprocess.run(
            ["xmllint", "--noout", "--huge", "--schema", XSD, tmp_path / "junit.xml"],
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, done.stderr[-2000:]

    def test_what_could_not_be_looked_at_is_an_error(self, text: str) -> None:
        suites = ET.fromstring(render("junit", each(text))).findall("testsuite")
        assert [suite.get("name") for suite in suites] == ["ncn-w001", "tests"]
        counts = [[suite.get(key) for key in ("tests", "failures", "errors", "skipped")] for suite in suites]
        assert counts == [["6", "1", "1", "1"], ["4", "1", "1", "1"]]
        assert {each.get("name") for each in suites[0].iter("property")} == {"origin", "kdump", "role"}

    def test_a_gate_may_have_it_as_a_failure(self, text: str) -> None:
        suite = ET.fromstring(render("junit", each(text), Gate(strict_warnings=True, blind_fails=True)))[0]
        assert [suite.get(key) for key in ("failures", "errors")] == ["3", "0"]


def test_the_rules_refuse_what_jenkins_would(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").write_text('<testsuites><testsuite name="x" tests="1"/></testsuites>')
    done = subprocess.run(
        ["xmllint", "--noout", "--schema", XSD, tmp_path / "junit.xml"], capture_output=True, timeout=600
    )
    assert done.returncode == 3


_TAP = r"""
use TAP::Parser; my $p = TAP::Parser->new({source => $ARGV[0]}); my $yaml = 0;
while (my $r = $p->next) { die $r->raw if $r->is_unknown && $r->raw !~ /\S/; $yaml++ if $r->is_yaml; }
print join(" ", $p->tests_planned, scalar($p->passed), scalar($p->failed), scalar($p->skipped), $yaml,
    scalar($p->parse_errors));
"""


@pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
def test_tap_is_read_by_perls_harness(tmp_path: Path, text: str) -> None:
    # Debian 12's harness knows no version after 13, which 14 was made to be read by; but for its first line.
    version, _, points = render("tap", each(text)).partition("\n")
    assert version == "TAP version 14"
    (tmp_path / "x.tap").write_text(f"TAP version 13\n{points}", encoding="utf-8")
    done = subprocess.run(["perl", "-e", _TAP, tmp_path / "x.tap"], capture_output=True, text=True, timeout=600)
    assert (done.stdout, done.stderr) == ("10 6 4 2 4 0", "")


def printed(document: dict[str, Any]) -> list[tuple[int, str, str, float, str, str]]:
    """What CSM's printer takes out of goss JSON, by its own rules; it breaks on whatever is missing."""
    results = [entry for entry in document["results"] if isinstance(entry["result"], int)]
    failed = sum(entry["result"] == 1 for entry in results)
    assert results
    assert document["summary"]["failed-count"] == failed, "it warns of a mismatch"
    assert document["summary"]["total-duration"] / 1e9 >= 0
    return [
        (e["result"], e["title"], e["summary-line"], e["duration"] / 1e9, e["resource-id"], e["meta"]["desc"])
        for e in results
    ]


def test_goss_is_read_by_the_rules_of_csms_printer() -> None:
    rows = printed(json.loads(render("goss", each())))
    words = dict(zip(Outcome, (row[0] for row in rows), strict=True))
    assert words == {
        Outcome.PASS: 0, Outcome.WARN: 0, Outcome.FAIL: 1, Outcome.ERROR: 1, Outcome.SKIP: 2, Outcome.RECOVERED: 0,
    }  # fmt: skip
    assert rows[2][1:3] == ("ncn-w001: x", "Kdump: group.check-2: found x; expected x")
    assert rows[2][5] == "x. If this test fails, initrd.rebuild or: x"
    assert "could not look" in rows[3][2]


@pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
def test_grok_is_a_line_a_result_without_scientific_numbers(text: str) -> None:
    lines = render("grok", each(text)).splitlines()
    assert len(lines) == len(Outcome)
    for line in lines:
        found = json.loads(line)
        assert list(found)[:4] == ["log_timestamp", "Product", "log_script", "log_message"]
        assert list(found)[4:] == sorted(list(found)[4:])
        assert found["Result String"] == ["PASS", "FAIL", "SKIPPED"][found["Result Code"]]
        assert '"Execution Time (seconds)": 0.000001000,' in line
        assert found["Execution Time (nanoseconds)"] == 1000


@pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
def test_prometheus_reads_few_series(text: str) -> None:
    families = {each.name: each for each in text_string_to_metric_families(render("prometheus", each(text)))}
    counts = {sample.labels["outcome"]: sample.value for sample in families["kdumpcheck_results"].samples}
    assert counts == dict.fromkeys(Outcome, 1.0)
    (ready,) = families["kdumpcheck_node_ready"].samples
    assert (ready.labels, ready.value) == ({"node": "ncn-w001"}, 0.0)
    assert all(family.type == "gauge" and family.documentation for family in families.values())
    many = run_of(*[Outcome.PASS] * 40, nodes=100)
    assert sum(len(f.samples) for f in text_string_to_metric_families(render("prometheus", many))) == 100 + 9


@pytest.mark.parametrize(
    ("outcomes", "gate", "code"),
    [
        ([Outcome.PASS], PLAIN, 0),
        ([Outcome.PASS, Outcome.SKIP], PLAIN, 0),
        ([Outcome.PASS, Outcome.WARN], PLAIN, 1),
        ([Outcome.PASS, Outcome.WARN], Gate(strict_warnings=True), 2),
        ([Outcome.ERROR, Outcome.FAIL], PLAIN, 2),
        ([Outcome.PASS, Outcome.ERROR], PLAIN, 3),
        ([Outcome.PASS, Outcome.ERROR], Gate(blind_fails=True), 2),
        ([Outcome.SKIP], PLAIN, 3),
        ([], PLAIN, 3),
    ],
)
def test_nagios_has_its_four_words(outcomes: list[Outcome], gate: Gate, code: int) -> None:
    run = run_of(*outcomes)
    line = nagios.render(run, gate).splitlines()[0]
    assert nagios.status(run, gate) == code
    assert re.fullmatch(rf"KDUMP {nagios.WORDS[code]}: [^|]+ \| (\w+=\d+;;;0 ?)+", line)


def test_nagios_takes_an_interrupted_run_and_a_failed_repair_for_no_good_news() -> None:
    run = run_of(Outcome.PASS)
    run.interrupted = True
    assert nagios.status(run, PLAIN) == nagios.UNKNOWN
    run.remedies.append(RemedyResult("ncn-w001", "initrd.rebuild", False, {}, "no"))
    assert nagios.status(run, PLAIN) == nagios.CRITICAL


def test_github_gets_a_command_a_finding_and_none_from_a_node() -> None:
    lines = render("github", read_again(each(HOSTILE))).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::warning"]
    for line in lines:
        title, message = re.fullmatch(r"::\w+ title=([^:,]*)::(.*)", line).groups()  # type: ignore[union-attr]  # no match fails the test
        assert "%0A" not in message.replace("%250A", "")
        assert "\\" in title


def test_gitlab_gets_entries_that_stay_the_same() -> None:
    first, second = (json.loads(render("gitlab", each())) for _ in range(2))
    assert first == second
    assert [entry["severity"] for entry in first] == ["blocker", "critical", "minor"]
    assert len({entry["fingerprint"] for entry in first}) == 3
    for entry in first:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["location"] == {"path": "ncn-w001", "lines": {"begin": 1}}


def test_ctrf_counts_what_it_lists() -> None:
    results = json.loads(render("ctrf", each()))["results"]
    words = [test["status"] for test in results["tests"]]
    assert words == [
        "passed",
        "passed",
        "failed",
        "other",
        "skipped",
        "passed",
        "passed",
        "failed",
        "failed",
        "skipped",
    ]
    assert results["summary"] == {
        "tests": 10, "passed": 4, "failed": 3, "skipped": 2, "pending": 0, "other": 1,
        "start": 1795305600000, "stop": 1795305660000,
    }  # fmt: skip


class TestSarif:
    """Held to the rules of the standard, section 3, that matter here: its JSON Schema comes with no package."""

    def sarif(self, gate: Gate = PLAIN, text: str = "x") -> dict[str, Any]:
        document = json.loads(render("sarif", read_again(each(text)), gate))
        assert (document["version"], len(document["runs"])) == ("2.1.0", 1)
        run: dict[str, Any] = document["runs"][0]
        return run

    @pytest.mark.parametrize("text", ["x", HOSTILE], ids=["plain", "hostile"])
    def test_a_finding_points_at_its_rule_and_its_node(self, text: str) -> None:
        run = self.sarif(text=text)
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules) == len(Outcome)
        for result in run["results"]:
            assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["message"]["text"]
            ((where,),) = [place["logicalLocations"] for place in result["locations"]]
            assert where["fullyQualifiedName"] == "ncn-w001"
            # 3.27.10: a level beside any other kind than "fail" must be "none".
            assert (result["kind"] == "fail") == (result["level"] != "none")

    def test_only_what_is_not_well_is_a_result(self) -> None:
        kinds = {(each["kind"], each["level"]) for each in self.sarif()["results"]}
        assert kinds == {("fail", "error"), ("open", "none"), ("fail", "warning")}
        assert len(self.sarif()["results"]) == 3

    def test_a_gate_may_have_all_as_errors(self) -> None:
        results = self.sarif(Gate(strict_warnings=True, blind_fails=True))["results"]
        assert {(each["kind"], each["level"]) for each in results} == {("fail", "error")}

    def test_a_finding_is_known_again_whatever_was_found(self) -> None:
        marks = [[each["partialFingerprints"] for each in self.sarif(text=text)["results"]] for text in ("x", "y")]
        assert marks[0] == marks[1]
        assert len({str(mark) for mark in marks[0]}) == 3

    def test_an_interrupted_run_says_so(self) -> None:
        run = each()
        assert '"executionSuccessful": true' in render("sarif", run)
        run.interrupted = True
        assert '"executionSuccessful": false' in render("sarif", run)


class TestOfARun:
    def test_a_pipeline_gets_what_it_reads(self) -> None:
        environ = {"GITHUB_ACTIONS": "true", "GITLAB_CI": "true"}
        assert [each.name for each in of_a_run("tap,goss,tap", environ)] == [
            "json",
            "junit",
            "tap",
            "goss",
            "github",
            "gitlab",
        ]
        assert [each.name for each in of_a_run("", {"GITHUB_ACTIONS": ""})] == ["json", "junit"]

    @pytest.mark.parametrize("words", ["xml", ",", "tap,\x1b[31m"])
    def test_what_nobody_knows_is_refused_in_one_line(self, words: str) -> None:
        with pytest.raises(FormatError) as caught:
            of_a_run(words, {})
        assert str(caught.value).isprintable()
