# SPDX-License-Identifier: Apache-2.0
"""Judge a check on a subject: pure, without any I/O, and never an exception."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

from kdumpcheck.checks.check import Check
from kdumpcheck.checks.expect import Expectation, Failed, Lacking, NotApplicable, expectations
from kdumpcheck.checks.result import Outcome, Result, Severity, in_the_image
from kdumpcheck.checks.subject import Subject
from kdumpcheck.evidence import CouldNotLook, NotBooted, Unknown

#: Without these packages nothing more can be said of an image: on a node that has them, somebody has looked before.
_GROUND = "image.packages"


class Judge:
    """Knows all checks of a run and judges each once per subject."""

    def __init__(self, checks: Iterable[Check]) -> None:
        self.checks = {check.id: check for check in checks}

    def judge(self, check: Check, subject: Subject) -> Result:
        """The result of one check on one node. What another check's failure explains is a skip."""
        if check.id not in subject.results:
            result = _run(check, subject)
            if result.outcome in {Outcome.FAIL, Outcome.WARN, Outcome.ERROR}:
                result = self._explained(check, subject, result)
            subject.results[check.id] = result
        return subject.results[check.id]

    def judge_all(self, subject: Subject) -> list[Result]:
        """Every check's result on one node, in the order of the checks."""
        return [self.judge(check, subject) for check in self.checks.values()]

    def _explained(self, check: Check, subject: Subject, result: Result) -> Result:
        grounds = () if subject.evidence.booted or check.id == _GROUND else (_GROUND,)
        for name in (*grounds, *check.follows):
            other = self.checks.get(name)
            cause = self._cause(other, subject, result.outcome) if other is not None else ""
            if cause:
                message = f"follows from {cause}: {result.message}"
                return replace(result, outcome=Outcome.SKIP, message=message, expected="", found="", cause=cause)
        return result

    def _cause(self, check: Check, subject: Subject, explained: Outcome) -> str:
        """The check that broke first: this one, or the one that explains it; "" when it is not broken.

        A warning explains a warning, but no failure.
        """
        result = self.judge(check, subject)
        explains = result.outcome is Outcome.FAIL or (result.outcome is explained is Outcome.WARN)
        return check.id if explains else result.cause


def _run(check: Check, subject: Subject) -> Result:
    began = time.perf_counter()
    with expectations() as met:
        outcome, message, expectation = _call(check, subject, met)
    return _result(check, subject, outcome, message, expectation, time.perf_counter() - began)


def _call(check: Check, subject: Subject, met: list[Expectation]) -> tuple[Outcome, str, Expectation]:
    """Run the check's function and put what came of it into words."""
    nothing = Expectation("", "")
    if excuse := subject.excuse or _other_stage(check, subject):
        return Outcome.SKIP, excuse, nothing
    obstacle = subject.obstacle
    if obstacle is not None:
        return Outcome.ERROR, obstacle.reason, nothing
    provider = subject.provider
    if check.providers and not isinstance(provider, Unknown) and provider.name not in check.providers:
        return Outcome.SKIP, f"does not apply to {provider.title}", nothing
    if not isinstance(provider, Unknown) and (reason := provider.limits.checks.get(check.id)):
        return Outcome.SKIP, f"does not apply to {provider.title}: {reason}", nothing
    try:
        check.function(**{name: subject.fact(name) for name in check.needs})
    except Failed as failed:
        mild = check.severity is Severity.WARN or isinstance(failed, Lacking)
        outcome = Outcome.WARN if mild else Outcome.FAIL
        return outcome, str(failed), failed.expectation
    except NotApplicable as reason:
        return Outcome.SKIP, str(reason), nothing
    except CouldNotLook as unknown:
        missing = isinstance(unknown.unknown, NotBooted)
        return Outcome.SKIP if missing else Outcome.ERROR, str(unknown), nothing
    except Exception as error:  # noqa: BLE001 - a site's own check may raise anything; that is no word about the node
        return Outcome.ERROR, f"the check itself broke: {type(error).__name__}: {error}", nothing
    if not met:
        return Outcome.ERROR, "the check expected nothing, so it has shown nothing", nothing
    return Outcome.PASS, "", Expectation("; ".join(e.expected for e in met), "; ".join(e.found for e in met))


def _other_stage(check: Check, subject: Subject) -> str:
    """Why a check is not asked of an image, or of a node; "" where it is."""
    if check.judges == "node" and not subject.evidence.booted:
        return "needs a booted node"
    return "judges an image before any node boots it" if check.judges == "image" and subject.evidence.booted else ""


def _result(
    check: Check,
    subject: Subject,
    outcome: Outcome,
    message: str,
    expectation: Expectation | None = None,
    seconds: float = 0.0,
) -> Result:
    return Result(
        node=subject.node,
        check=check.id,
        title=check.title,
        outcome=outcome,
        message=one_line(message),
        expected=one_line(expectation.expected) if expectation else "",
        found=one_line(expectation.found) if expectation else "",
        remedy=None if subject.of_image else check.remedy,
        instruction=_instruction(check, subject),
        source=check.source,
        seconds=round(seconds, 6),
        refused="" if subject.of_image else _refused(check, subject),
    )


def _refused(check: Check, subject: Subject) -> str:
    """Why the check's remedy is not for the kdump that is on the node."""
    provider = subject.provider
    return "" if isinstance(provider, Unknown) else provider.limits.remedies.get(check.remedy or "", "")


def _instruction(check: Check, subject: Subject) -> str:
    """What is to be done, in the words of the kdump that is on the node where it has its own."""
    provider = subject.provider
    own = "" if isinstance(provider, Unknown) else provider.limits.advice.get(check.id, "")
    words = own or check.instruction
    # Checks of images alone say it themselves.
    return in_the_image(words) if subject.of_image and check.judges != "image" else words


def one_line(text: str, limit: int = 500) -> str:
    """What a node said, on one line, of bounded length, with nothing a terminal would obey."""
    if len(text) <= limit and text.isprintable():
        return text
    folded = " ".join(text.split())
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in folded)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"
