# SPDX-License-Identifier: Apache-2.0
"""Resetting a node that hangs. Node, BMC and console are scripted here; real ones are reset in selftest/lab."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Self, cast

import pytest
from selftest.unit.suite.test_restarts import NEW, NODE, OLD, ScriptedFleet, told

from kdumpcheck.checks import Judge, Subject
from kdumpcheck.evidence import Evidence
from kdumpcheck.guards import Owner
from kdumpcheck.nodes import Inventory
from kdumpcheck.power import PowerError
from kdumpcheck.power.console import ConsoleError, Line
from kdumpcheck.power.outcome import Action, Outcome, State
from kdumpcheck.remedies import REMEDIES, RemedyError
from kdumpcheck.results import RemedyResult
from kdumpcheck.suite.journal import Journal
from kdumpcheck.suite.plans import Step, plan_of
from kdumpcheck.suite.resets import NothingToDo, Resets
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.suite.suite import Suite
from kdumpcheck.suite.visits import Tools, Visit
from kdumpcheck.transport import Deadline


class Button:
    """Stands in for a BMC's power: counts what is pressed."""

    def __init__(self, state: State = "on", fails: str = "") -> None:
        self.state: State = state
        self.fails = fails
        self.pressed: list[str] = []
        self.after: Callable[[], None] = lambda: None

    def to(self, node: object) -> Self:
        return self

    def press(self, action: Action, deadline: Deadline) -> Outcome:
        if self.fails:
            raise PowerError("silent", NODE.name, self.fails)
        if action == "status":
            return Outcome(NODE.name, action, "the BMC", 0.1, self.state)
        self.pressed.append(action)
        self.after()
        return Outcome(NODE.name, action, "the BMC", 0.1, None)


class Talk:
    """Stands in for a console: says a line each time it is listened to, then nothing; or is lost."""

    def __init__(self, *lines: str, lost: bool = False) -> None:
        self.lines = list(lines)
        self.lost = lost
        self.closed = False

    def read(self, seconds: float) -> list[Line]:
        if self.lost:
            raise ConsoleError("lost", NODE.name, "the BMC is gone")
        time.sleep(0.01)
        return [Line(time.monotonic(), self.lines.pop(0))] if self.lines else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


#: For what is not to be over because this machine stands still.
PATIENT = 120.0
#: For what is to hang.
SHORT = 0.3


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kdumpcheck.fleet.boots._EVERY", 0.01)
    monkeypatch.setattr("kdumpcheck.crash.watch._ASK_EVERY", 0.01)


def resets(
    button: Button, talk: Talk, fleet: ScriptedFleet, hung_after: float = PATIENT, boot: float = PATIENT
) -> Resets:
    suite = cast(
        "Suite",
        SimpleNamespace(
            fleet=fleet,
            ways=button,
            options=SimpleNamespace(boot_deadline=boot, crash=SimpleNamespace(hung_after=hung_after)),
            console=lambda _node, keep: talk,
            report_dir=None,
            tell_crash=lambda *_: None,
        ),
    )
    return Resets(suite, Restarts(suite))


def silent_until_reset(button: Button) -> ScriptedFleet:
    fleet = ScriptedFleet({NODE.name: [None]})
    button.after = lambda: fleet.answers.update({NODE.name: [None, told(NEW, uptime=0)]})
    return fleet


class TestReset:
    def test_a_node_that_does_not_move_is_reset_once_and_waited_for(self) -> None:
        button, talk = Button(), Talk("a last\x1b[2J word")
        time.sleep(1.1)  # the new boot lasts 0 s: less long than since the reset, which takes a second to show
        done, said = resets(button, talk, silent_until_reset(button), SHORT).reset(NODE)
        assert button.pressed == ["reset"]
        assert done
        assert said.startswith("it hung (no progress for ")
        assert "it booted and answers again after" in said
        assert talk.closed

    def test_a_node_that_saves_its_dump_is_not(self) -> None:
        button, fleet = Button(), ScriptedFleet({NODE.name: [None]})
        talk = Talk(*(f"Copying data    : [{percent:5.1f} %]" for percent in range(100)))
        watched = resets(button, talk, fleet)
        # It is back when its dump is saved; until then there was progress all the time.
        talk.lines.append("reboot: Restarting system")
        original = talk.read

        def read(seconds: float) -> list[Line]:
            lines = original(seconds)
            if not talk.lines:
                fleet.answers[NODE.name] = [told(NEW)]
            return lines

        talk.read = read  # type: ignore[method-assign]  # the script of this test
        with pytest.raises(NothingToDo, match="it came back by itself after"):
            watched.reset(NODE)
        assert button.pressed == []

    def test_one_that_answers_again_is_not(self) -> None:
        button = Button()
        with pytest.raises(NothingToDo, match="it answers again"):
            resets(button, Talk(), ScriptedFleet({NODE.name: [told(OLD)]})).reset(NODE)
        assert button.pressed == []

    def test_one_without_a_console_is_not(self) -> None:
        button = Button()
        done, said = resets(button, Talk(lost=True), ScriptedFleet({NODE.name: [None]}), SHORT, SHORT).reset(NODE)
        assert (done, button.pressed) == (False, [])
        assert said == "it was not reset: ncn-w001: the BMC is gone"

    def test_one_that_is_switched_off_is_not(self) -> None:
        button = Button(state="off")
        done, said = resets(button, Talk(), ScriptedFleet({NODE.name: [None]})).reset(NODE)
        assert (done, button.pressed) == (False, [])
        assert said.endswith("kdumpcheck power ncn-w001 on")

    def test_a_dead_bmc_is_one_clear_line(self) -> None:
        done, said = resets(Button(fails="it is dead"), Talk(), ScriptedFleet({NODE.name: [None]})).reset(NODE)
        assert (done, said) == (False, "it was not reset: ncn-w001: it is dead")

    def test_one_whose_operator_has_left_is_not(self) -> None:
        button = Button()
        watched = resets(button, Talk(), ScriptedFleet({NODE.name: [None]}), SHORT)
        watched._restarts.stopped = True
        assert watched.reset(NODE) == (False, "interrupted before it was reset")
        assert button.pressed == []


class TestVisit:
    """What a visit makes of a node that does not answer."""

    def visit(self, tmp_path: Path, button: Button, fleet: ScriptedFleet, plan: list[Step]) -> RemedyResult:
        reset = resets(button, Talk(), fleet, SHORT)
        suite = reset._suite
        suite.__dict__.update(
            nodes={NODE.name: NODE},
            subjects={NODE.name: lost("silent")},
            plans={NODE.name: plan},
            judge=Judge([]),
            owner=Owner.me(),
            inventory=Inventory.none(),
            look_again=lambda name, _probe: suite.subjects[name],
            probe=lambda: None,
        )
        suite.options.__dict__.update(reboot=True)
        told: list[RemedyResult] = []
        tools = Tools(suite, Journal(tmp_path), reset._restarts, reset, lambda _why: None, lambda: "")
        Visit(tools, NODE.name).remedies(["node.reset"], told.append)
        return told[0]

    def test_one_that_was_lost_after_the_plan_is_not_reset(self, tmp_path: Path) -> None:
        button = Button()
        done = self.visit(tmp_path, button, silent_until_reset(button), [])
        assert (done.result, done.comment, button.pressed) == (False, "why", [])

    def test_one_that_was_in_the_plan_is(self, tmp_path: Path) -> None:
        button = Button()
        plan = plan_of(lost("silent"), [], list(REMEDIES), reboot=True)
        self.visit(tmp_path, button, silent_until_reset(button), plan)
        assert button.pressed == ["reset"]

    def test_one_that_answers_again_is_no_unfinished_business(self, tmp_path: Path) -> None:
        plan = plan_of(lost("silent"), [], list(REMEDIES), reboot=True)
        done = self.visit(tmp_path, Button(), ScriptedFleet({NODE.name: [told(OLD)]}), plan)
        assert done.changes == {}
        assert done.comment.startswith("nothing to do: it answers again")
        assert '"begun"' not in (tmp_path / "journal.jsonl").read_text().splitlines()[-1]


def lost(kind: str) -> Subject:
    return Subject(Evidence("ncn-w001", datetime.now(UTC), "ssh://ncn-w001", failure="why", lost=kind))


class TestPlan:
    @pytest.mark.parametrize("kind", ["unreachable", "refused", "silent"])
    def test_a_node_that_may_hang_is_watched_and_reset(self, kind: str) -> None:
        (step,) = plan_of(lost(kind), [], list(REMEDIES), reboot=True)
        assert step.name == "node.reset"
        assert step.action is not None

    @pytest.mark.parametrize("kind", ["auth", "host-key", "config", "resolve", "privilege"])
    def test_one_that_lives_is_not(self, kind: str) -> None:
        (step,) = plan_of(lost(kind), [], list(REMEDIES), reboot=True)
        assert step.action is None
        assert step.refusal == "a reset does not help here: why"
        with pytest.raises(RemedyError):
            REMEDIES["node.reset"].plan(lost(kind))

    def test_not_without_the_word(self) -> None:
        (step,) = plan_of(lost("silent"), [], list(REMEDIES))
        assert step.action is None
        assert "give --reboot as well" in step.refusal

    def test_nor_is_the_word_asked_for_where_a_reset_would_not_help(self) -> None:
        (step,) = plan_of(lost("resolve"), [], {"node.reset"})
        assert step.refusal == "a reset does not help here: why"

    def test_kept_evidence_of_no_named_failure_calls_for_nothing(self) -> None:
        assert plan_of(lost(""), [], list(REMEDIES), reboot=True) == []
