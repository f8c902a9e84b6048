# SPDX-License-Identifier: Apache-2.0
"""A visit: all that is done on one node, from its guards to the look that shows what came of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from socket import gethostname
from typing import TYPE_CHECKING

from kdumpcheck.checks import Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.evidence import CouldNotLook
from kdumpcheck.facts.lines import pairs
from kdumpcheck.guards import NodeLock, not_this_machine, refusal
from kdumpcheck.remedies import REMEDIES, Action, Remedy, RemedyError
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.journal import Journal
from kdumpcheck.suite.plans import forbidden, mends, unfit
from kdumpcheck.suite.resets import NothingToDo, Resets
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.transport import TransportError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

_ANSWER_LIMIT = 64 * 1024
#: Seconds beside those of the repairs for which the lock is asked: looks, questions, and a slow network.
_SPARE = 600

Changes = Mapping[str, Mapping[str, str]]
Said = tuple[bool | None, Changes, str]


@dataclass(frozen=True, slots=True)
class Tools:
    """What all visits of a run share."""

    suite: Suite
    journal: Journal
    restarts: Restarts
    resets: Resets
    ground: Callable[[str], None]
    """says that the node was lost, so that no other of its role is touched"""
    grounded: Callable[[], str]
    """why the node must be left alone, or "" """


class Visit:
    """Works on one node: guards and a fresh look first, then its remedies in their order."""

    def __init__(self, tools: Tools, node: str) -> None:
        self._tools = tools
        self._suite = tools.suite
        self._name = node
        self._node = self._suite.nodes[node]
        self._lock = NodeLock(partial(self._run, limit=4096), self._suite.owner)
        self._locked = False

    def remedies(self, names: Sequence[str], tell: Callable[[RemedyResult], None]) -> None:
        """Apply those of these remedies that the node needs, and tell of each what came of it."""
        try:
            refused = self._begin(names) if any(map(self._needed, names)) else ""
            for name in names:
                tell(self._apply(name, refused))
        finally:
            self._give_back()

    def _needed(self, name: str) -> bool:
        subject = self._suite.subjects[self._name]
        broken = mends(name, self._suite.judge.judge_all(subject))
        no = forbidden(REMEDIES[name], reboot=self._suite.options.reboot) or unfit(subject, name, broken)
        return bool(broken) and not no

    def _begin(self, names: Sequence[str]) -> str:
        """The guards, the lock, and a look at the node as it is now; why it must not be touched, or ""."""
        if self._suite.subjects[self._name].obstacle is not None:
            return ""
        if grounded := self._tools.grounded():
            return f"guard.role: {grounded}"
        own = not_this_machine(self._node, gethostname(), disrupts=False)
        if not own.holds:
            return str(own)
        try:
            lock = self._lock.take(", ".join(name for name in names if self._needed(name)), self._seconds(names))
        except TransportError as error:
            return f"guard.lock: {error}"
        self._locked = lock.holds
        if lock.holds:
            self._suite.refresh(self._name)
        return refusal([lock])

    def _seconds(self, names: Sequence[str]) -> float:
        subject, total = self._suite.subjects[self._name], float(_SPARE)
        for name in names:
            with suppress(RemedyError, CouldNotLook):
                total += REMEDIES[name].plan(subject).seconds if self._needed(name) else 0
        return total

    def _apply(self, name: str, refused: str) -> RemedyResult:
        began = time.monotonic()
        subject = self._suite.subjects[self._name]
        broken = mends(name, self._suite.judge.judge_all(subject))
        result, changes, comment = self._said(REMEDIES[name], subject, broken, refused)
        seconds = round(time.monotonic() - began, 3)
        return RemedyResult(self._name, name, result, harmless(changes), one_line(comment), broken, seconds)

    def _said(self, remedy: Remedy, subject: Subject, broken: tuple[str, ...], refused: str) -> Said:
        planned = any(step.name == remedy.name for step in self._suite.plans.get(self._name, ()))
        # A node that was lost after the plan was made, in a reboot perhaps, is not reset: nobody has said yes to that.
        if subject.obstacle is not None and not (remedy.for_lost and subject.evidence.lost and planned):
            return False, {}, subject.obstacle.reason
        if not (broken or subject.obstacle):
            return True, {}, "nothing to do: it is well by now" if planned else "nothing to do"
        if refused:
            return False, {}, f"not begun: {refused}"
        if no := forbidden(remedy, reboot=self._suite.options.reboot):
            return None, {}, no
        if no := unfit(subject, remedy.name, broken):
            return False, {}, no
        try:
            return self._act(remedy, remedy.plan(subject), broken)
        except (RemedyError, CouldNotLook) as error:
            return False, {}, str(error)

    def _act(self, remedy: Remedy, action: Action, broken: tuple[str, ...]) -> Said:
        if remedy.disrupts and (why := self._tools.grounded() or self._tools.restarts.refusal(self._node)):
            return False, {}, f"not begun: {why}"
        try:
            self._tools.journal.write("begun", self._name, remedy.name, action.comment)
        except OSError as error:
            return False, {}, f"not begun: the journal cannot be written ({error.strerror})"
        changes = action.changes
        try:
            mended, comment = self._done(remedy, action)
        except NothingToDo as found:
            mended, comment, changes = True, f"nothing to do: {found}", {}
        still = self._still(remedy.name, broken)
        lost = self._suite.subjects[self._name].evidence.failure is not None
        if lost:
            self._tools.ground(comment)
        with suppress(OSError):  # the next run then looks once more than it must
            self._tools.journal.write("lost" if lost else "ended", self._name, remedy.name, comment)
        if mended and not still:
            return True, changes, comment
        return False, changes if mended else {}, comment + (f"; still broken: {still}" if still else "")

    def _done(self, remedy: Remedy, action: Action) -> tuple[bool, str]:
        try:
            if remedy.for_lost:
                return self._tools.resets.reset(self._node)
            if remedy.disrupts:
                return self._tools.restarts.reboot(self._node, partial(self._script, action), self._relock)
            return self._script(action)
        except TransportError as error:
            self._suite.fleet.drop(self._node)
            return False, f"the node was lost during the repair, which finishes or undoes itself there ({error})"

    def _script(self, action: Action) -> tuple[bool, str]:
        answer = self._suite.fleet.run(self._node, action.script, seconds=action.seconds, limit=_ANSWER_LIMIT)
        found = pairs(answer.stdout.decode("utf-8", errors="backslashreplace"))
        said = answer.stderr.decode("utf-8", errors="backslashreplace").strip()[:200]
        return found.get("result") == "mended", found.get("comment") or said or "the repair gave no answer"

    def _relock(self) -> str:
        """Take the lock again, which a boot ends; what is wrong with that, or ""."""
        lock = self._lock.take("a look after the reboot", _SPARE)
        self._locked = lock.holds
        return refusal([lock])

    def _still(self, name: str, broken: tuple[str, ...]) -> str:
        """What of the broken is still so, by a fresh look at the node; "" when all is mended."""
        after = self._suite.look_again(self._name, self._suite.probe())
        if after.obstacle is not None:
            return after.obstacle.reason
        remaining = mends(name, self._suite.judge.judge_all(after))
        return ", ".join(check for check in broken if check in remaining)

    def _give_back(self) -> None:
        if self._locked:
            # What cannot be given back expires, and is taken over before that by the next run from this machine.
            with suppress(TransportError):
                self._lock.give_back()

    def _run(self, script: str, seconds: float, *, limit: int) -> bytes:
        return self._suite.fleet.run(self._node, script, seconds=seconds, limit=limit).stdout


def harmless(changes: Changes) -> Changes:
    """The changes with all that a node said in them on one harmless line each."""
    return {one_line(what): {key: one_line(value) for key, value in change.items()} for what, change in changes.items()}
