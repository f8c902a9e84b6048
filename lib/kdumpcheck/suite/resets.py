# SPDX-License-Identifier: Apache-2.0
"""Resetting a node that hangs: watched on its console first, pressed exactly once, and waited for."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.checks.judge import one_line
from kdumpcheck.crash.limits import Limits
from kdumpcheck.crash.watch import Ear, Seen, Watch
from kdumpcheck.fleet.boots import answering
from kdumpcheck.nodes import Node
from kdumpcheck.power import PowerError
from kdumpcheck.power.console import ConsoleError, Line
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.transport import Deadline, SecretError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

_PRESS_SECONDS: Final = 60.0
#: How much of a console's last line is told.
_SHOWN: Final = 120


class NothingToDo(Exception):
    """The node is well by itself; the text says how."""


class Resets:
    """Resets nodes of one run."""

    def __init__(self, suite: Suite, restarts: Restarts) -> None:
        self._suite = suite
        self._restarts = restarts

    def reset(self, node: Node) -> tuple[bool, str]:
        """Watch a node that does not answer, and reset it when nothing moves; whether it is back, and what to say.

        A node that moves is left alone: it may be writing its dump, or booting. So is one whose console cannot be
        watched. Raises `NothingToDo` when it answers by itself.
        """
        if answering(self._suite.fleet, node) is not None:
            raise NothingToDo("it answers again")
        try:
            state = self._suite.ways.to(node).press("status", Deadline.after(_PRESS_SECONDS)).state
            if state != "on":
                return (
                    False,
                    f"its power is {state}, so that there is nothing to reset: kdumpcheck power {node.name} on",
                )
            seen = self._watch(node)
            if seen.how != "hung":
                return False, f"it was not reset: {seen.why}"
            if self._restarts.stopped:
                return False, "interrupted before it was reset"
            return self._press(node, seen)
        except (PowerError, ConsoleError, SecretError) as error:
            return False, f"it was not reset: {error}"

    def _watch(self, node: Node) -> Seen:
        limits = Limits.of(0, self._suite.options.crash.hung_after, self._suite.options.boot_deadline)
        with self._suite.console(node.name, keep=self._log(node)) as console:
            ear = _OpenEar(console)
            tell = self._suite.tell_crash
            watch = Watch(
                ear,
                lambda: answering(self._suite.fleet, node),
                "",
                limits,
                lambda phase, step, seconds: tell(node.name, f"not answering, {phase}", step, seconds),
                joins=True,
            )
            seen = watch.until_the_end()
        if seen.how == "back":
            raise NothingToDo(f"it came back by itself after {seen.seconds:.0f} s")
        if ear.lost is not None:
            # Without a console nobody can tell a node that hangs from one that saves its dump.
            raise ear.lost
        return seen

    def _press(self, node: Node, seen: Seen) -> tuple[bool, str]:
        since = time.monotonic()
        outcome = self._suite.ways.to(node).press("reset", Deadline.after(_PRESS_SECONDS))
        done, said = self._restarts.back(node, None, since, lambda: "")
        last = f", after {one_line(seen.last_lines[-1], _SHOWN)!r}" if seen.last_lines else ""
        return done, f"it hung ({seen.why}{last}); {outcome.line()}; {said}"

    def _log(self, node: Node) -> Path | None:
        directory = self._suite.report_dir
        return directory / f"console-{node.name}.log" if directory is not None else None


class _OpenEar:
    """A console that remembers how it was lost."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self.lost: ConsoleError | None = None

    def read(self, seconds: float) -> list[Line]:
        """The lines that come within so many seconds. Raises `ConsoleError`."""
        try:
            return self._ear.read(seconds)
        except ConsoleError as error:
            self.lost = error
            raise
