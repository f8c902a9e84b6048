# SPDX-License-Identifier: Apache-2.0
"""Judging: every outcome, one cause reported once, and nothing a check does can break a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kdumpcheck.checks import (
    CheckDefinitionError,
    Judge,
    Outcome,
    Result,
    Severity,
    Subject,
    check,
    check_of,
    expect,
    not_applicable,
    prefer,
)
from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Kernels
from kdumpcheck.providers import Limits
from kdumpcheck.providers.suse_legacy import PROVIDER

SYSTEM = "uname_s=Linux\nuname_r=6.1\n"


@pytest.fixture
def subject(evidence_of: Callable[..., Evidence]) -> Subject:
    return Subject(evidence_of({"system": SYSTEM, "kernels": "running=6.1\n"}), lambda _: PROVIDER)


def judged(function: Callable[..., None], subject: Subject, *others: Callable[..., None], **options: object) -> Result:
    marked = [
        check_of(each) or check_of(check("a.check", title="t", source="s", instruction="i", **options)(each))  # type: ignore[arg-type]  # options are the decorator's own
        for each in (function, *others)
    ]
    return Judge(each for each in marked if each).judge(marked[0], subject)  # type: ignore[arg-type]  # never None here


def test_met_expectations_pass_and_say_what_was_seen(subject: Subject) -> None:
    def good(kernels: Kernels) -> None:
        expect(kernels.running, expected="a kernel", found=kernels.running)

    result = judged(good, subject)
    assert (result.outcome, result.expected, result.found) == (Outcome.PASS, "a kernel", "6.1")


def test_a_broken_expectation_fails_with_both_sides(subject: Subject) -> None:
    def bad(kernels: Kernels) -> None:
        expect(ok=False, expected="better", found=kernels.running)

    result = judged(bad, subject)
    assert (result.outcome, result.expected, result.found) == (Outcome.FAIL, "better", "6.1")
    assert result.message == "expected better; found 6.1"


def test_what_is_said_as_a_number_is_told_in_words(subject: Subject) -> None:
    """A site's check may well do so; joined with others, or as one line, only words can be told."""

    def number(kernels: Kernels) -> None:
        expect(ok=kernels.running == "6.1", expected=1, found=None)  # type: ignore[arg-type]  # the mistake

    result = judged(number, subject)
    assert (result.outcome, result.expected, result.found) == (Outcome.PASS, "1", "None")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"severity": "warn"}, "severity is Severity.FAIL or Severity.WARN, not 'warn'"),
        ({"providers": "suse_legacy"}, "providers is one string, 'suse_legacy': write a tuple"),
        ({"follows": "crashkernel.present"}, "follows is one string, 'crashkernel.present': write a tuple"),
    ],
)
def test_a_word_of_the_wrong_kind_is_refused(words: dict[str, str], says: str) -> None:
    with pytest.raises(CheckDefinitionError, match=re.escape(says)):
        check("a.check", title="t", source="s", instruction="i", **words)(lambda: None)  # type: ignore[arg-type]  # the mistake


def test_severity_makes_it_a_warning(subject: Subject) -> None:
    def bad() -> None:
        expect(ok=False, expected="x", found="y")

    assert judged(bad, subject, severity=Severity.WARN).outcome is Outcome.WARN


def test_what_is_only_preferred_is_a_warning_in_a_check_that_could_fail(subject: Subject) -> None:
    def lacking() -> None:
        expect(ok=True, expected="x", found="x")
        prefer(ok=False, expected="more", found="less")

    result = judged(lacking, subject)
    assert (result.outcome, result.expected, result.found) == (Outcome.WARN, "more", "less")


def test_a_met_preference_is_told_like_an_expectation(subject: Subject) -> None:
    def good() -> None:
        prefer(ok=True, expected="more", found="enough")

    result = judged(good, subject)
    assert (result.outcome, result.expected, result.found) == (Outcome.PASS, "more", "enough")


def test_missing_evidence_is_an_error_not_a_verdict(subject: Subject) -> None:
    def wants(units: object) -> None:
        expect(ok=True, expected=str(units), found="x")

    result = judged(wants, subject)
    assert result.outcome is Outcome.ERROR
    assert "no evidence of 'units'" in result.message


def test_a_check_that_expects_nothing_has_shown_nothing(subject: Subject) -> None:
    def empty() -> None:
        return

    result = judged(empty, subject)
    assert result.outcome is Outcome.ERROR
    assert "expected nothing" in result.message


def test_a_check_that_breaks_is_an_error_without_a_traceback(subject: Subject) -> None:
    def broken() -> None:
        raise KeyError("x\x1b[31m")

    result = judged(broken, subject)
    assert result.outcome is Outcome.ERROR
    assert "KeyError" in result.message
    assert result.message.isprintable()


def test_not_applicable_is_a_skip_with_its_reason(subject: Subject) -> None:
    def never() -> None:
        not_applicable("not here")

    assert judged(never, subject).outcome is Outcome.SKIP
    assert judged(never, subject).message == "not here"


def test_other_providers_checks_are_skipped(subject: Subject) -> None:
    def other() -> None:
        expect(ok=False, expected="x", found="y")

    assert judged(other, subject, providers=("kdump_tools",)).outcome is Outcome.SKIP


@check("cause.first", title="t", source="s", instruction="i")
def cause() -> None:
    expect(ok=False, expected="x", found="y")


@check("effect.second", title="t", source="s", instruction="i", follows=("cause.first",))
def effect() -> None:
    expect(ok=False, expected="p", found="q")


@check("effect.third", title="t", source="s", instruction="i", follows=("cause.first",))
def unharmed() -> None:
    expect(ok=True, expected="p", found="p")


def test_one_cause_is_reported_once(subject: Subject) -> None:
    result = judged(effect, subject, cause)
    assert result.outcome is Outcome.SKIP
    assert "follows from cause.first" in result.message


def test_what_is_well_stays_a_pass_beside_a_failed_cause(subject: Subject) -> None:
    assert judged(unharmed, subject, cause).outcome is Outcome.PASS


def test_without_its_cause_an_effect_fails_by_itself(subject: Subject) -> None:
    assert judged(effect, subject).outcome is Outcome.FAIL


def test_a_lost_node_is_an_error_in_every_check() -> None:
    lost = Subject(Evidence("n", datetime(2026, 1, 1, tzinfo=UTC), "test", failure="nobody answers"))
    result = judged(cause, lost)
    assert (result.outcome, result.message) == (Outcome.ERROR, "nobody answers")


def test_another_system_is_an_error(evidence_of: Callable[..., Evidence]) -> None:
    other = Subject(evidence_of({"system": "uname_s=FreeBSD\nuname_r=14\n"}), lambda _: PROVIDER)
    assert "FreeBSD, not Linux" in judged(cause, other).message


def test_no_kdump_is_an_error(evidence_of: Callable[..., Evidence]) -> None:
    none = Subject(evidence_of({"system": SYSTEM}), lambda _: Unknown("no kdump here"))
    assert judged(cause, none).outcome is Outcome.ERROR


def test_what_a_node_says_is_one_short_printable_line(subject: Subject) -> None:
    def hostile() -> None:
        expect(ok=False, expected="x", found="\x1b[2J<script>\n\u202e\x00" + "A" * 5000)

    found = judged(hostile, subject).found
    assert found.isprintable()
    assert len(found) <= 500


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"check_id": "Nodots"}, "dots"),
        ({"title": ""}, "title"),
        ({"source": ""}, "source"),
        ({"instruction": ""}, "instruction"),
    ],
)
def test_a_check_an_operator_could_not_act_on_is_refused(arguments: dict[str, str], says: str) -> None:
    good = {"check_id": "a.b", "title": "t", "source": "s", "instruction": "i"}
    with pytest.raises(CheckDefinitionError, match=says):
        check(**{**good, **arguments})(lambda: None)  # type: ignore[arg-type]  # str values for str parameters


def test_a_check_that_asks_for_an_unknown_fact_is_refused() -> None:
    with pytest.raises(CheckDefinitionError, match="no fact is called 'moon'"):
        check("a.b", title="t", source="s", instruction="i")(lambda moon: None)


def test_what_a_kdump_has_no_use_for_is_skipped_with_its_own_reason(evidence_of: Callable[..., Evidence]) -> None:
    def bad() -> None:
        expect(ok=False, expected="x", found="y")

    limits = Limits(checks={"a.check": "it keeps no such thing"}, advice={"b.check": "do that"})
    other = replace(PROVIDER, title="Another kdump", limits=limits)
    subject = Subject(evidence_of({"system": SYSTEM}), lambda _: other)
    result = judged(bad, subject)
    assert (result.outcome, result.message) == (
        Outcome.SKIP,
        "does not apply to Another kdump: it keeps no such thing",
    )

    def also_bad() -> None:
        expect(ok=False, expected="x", found="y")

    marked = check_of(check("b.check", title="t", source="s", instruction="i")(also_bad))
    assert marked is not None
    assert Judge([marked]).judge(marked, subject).instruction == "do that"
