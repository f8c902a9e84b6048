# SPDX-License-Identifier: Apache-2.0
"""From failed checks to an ordered plan for one node."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from kdumpcheck.checks import Outcome, Result, Subject
from kdumpcheck.evidence import CouldNotLook, Unknown
from kdumpcheck.remedies import REMEDIES, Action, Remedy, RemedyError


@dataclass(frozen=True, slots=True)
class Step:
    """One remedy in a node's plan: what it would do, or why it cannot (`refusal`).

    `mends` are the broken checks that call for it; `after` is the earlier step that does so where no check has yet. Of
    a node that does not answer nothing is known, and neither is there.
    """

    name: str
    mends: tuple[str, ...]
    after: str
    action: Action | None
    refusal: str


def mends(name: str, results: Iterable[Result]) -> tuple[str, ...]:
    """The broken checks that call for a remedy, and with them those that a part of it mends; () for none."""
    remedy, results = REMEDIES[name], list(results)
    own = _broken(name, results)
    others = (check for part in remedy.includes for check in _broken(part, results))
    return tuple(dict.fromkeys((*own, *others))) if own else ()


def _broken(name: str, results: Iterable[Result]) -> list[str]:
    bad = {Outcome.FAIL, Outcome.WARN} if REMEDIES[name].for_warnings else {Outcome.FAIL}
    return [result.check for result in results if result.remedy == name and result.outcome in bad]


def forbidden(remedy: Remedy, *, reboot: bool) -> str:
    """Why a remedy may not be used in this run, or ""."""
    return "" if reboot or not remedy.disrupts else "it takes the node away: give --reboot as well to have that done"


def unfit(subject: Subject, name: str, broken: Collection[str]) -> str:
    """Why a remedy is not for the kdump of this node, and what a person does instead; "" where it is."""
    provider = subject.provider
    if isinstance(provider, Unknown) or not (reason := provider.limits.remedies.get(name)):
        return ""
    own = next((provider.limits.advice[check] for check in broken if check in provider.limits.advice), "")
    return f"{name} does not fit {provider.title}: {reason}{'; by hand: ' if own else ''}{own}"


def plan_of(
    subject: Subject, results: Collection[Result], wanted: Collection[str], *, reboot: bool = False
) -> list[Step]:
    """The remedies a node needs, of those wanted, in their order; those that take it away only with `reboot`.

    What an earlier step does as a part of itself is not planned again; what must follow an earlier step is.
    """
    if subject.obstacle is not None:
        lost = [name for name in REMEDIES if REMEDIES[name].for_lost and name in wanted and subject.evidence.lost]
        return [_for_lost(_step(subject, name, (), "", ""), reboot=reboot) for name in lost]
    steps: list[Step] = []
    for name in REMEDIES:
        sure = [step.name for step in steps if step.action is not None]
        after = next((step for step in sure if name in REMEDIES[step].then), "")
        broken = mends(name, results)
        if name in wanted and (broken or after) and not any(name in REMEDIES[step].includes for step in sure):
            steps.append(_step(subject, name, broken, after, forbidden(REMEDIES[name], reboot=reboot)))
    return steps


def _for_lost(step: Step, *, reboot: bool) -> Step:
    """The same step, if it may be taken: nobody is asked for --reboot where a reset would not help."""
    no = forbidden(REMEDIES[step.name], reboot=reboot)
    return replace(step, action=None, refusal=no) if step.action is not None and no else step


def _step(subject: Subject, name: str, broken: tuple[str, ...], after: str, no: str) -> Step:
    if no or (no := unfit(subject, name, broken)):
        return Step(name, broken, after, None, no)
    try:
        action = REMEDIES[name].plan(subject)
    except (RemedyError, CouldNotLook) as error:
        return Step(name, broken, after, None, str(error))
    return Step(name, broken, after, action, "")
