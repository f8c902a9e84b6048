# SPDX-License-Identifier: Apache-2.0
"""A pretend node, BMC and console, for a prover's hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

from selftest.unit.crash.console import MadeConsole
from selftest.unit.crash.made import NEW, NODE, VMCORE, answer, details_answer
from selftest.unit.crash.made import details as made_details
from selftest.unit.crash.made import survey as made_survey
from selftest.unit.crash.test_story import CRASH, SAVE
from selftest.unit.kept import captured, evidence

from kdumpcheck.checks import Outcome, Result, Subject
from kdumpcheck.crash.details import Details
from kdumpcheck.crash.hands import Wishes
from kdumpcheck.crash.ledger import Ledger
from kdumpcheck.crash.pending import Pending
from kdumpcheck.crash.proof import Proof
from kdumpcheck.crash.prover import Prover
from kdumpcheck.dumps import Vmcore
from kdumpcheck.guards import Gate
from kdumpcheck.power import PowerError
from kdumpcheck.power.console import Console
from kdumpcheck.power.outcome import Action as PowerAction
from kdumpcheck.power.outcome import Outcome as PowerOutcome
from kdumpcheck.transport import TransportError

APPLY = Wishes(apply=True)
GOOD = CRASH + SAVE + "[    0.0] Linux version 6.1\n"
HANGS = CRASH + "Something failed. You can try to debug it here.\n"


class PretendConsole(MadeConsole):
    where = "SOL of ncn-w001-mgmt"
    closed = False

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class PretendHands:
    """A node that crashes when it is told to, and comes back when its console is over or its BMC is pressed."""

    node = NODE
    our_boot = "0000"

    def __init__(self, console: str = GOOD, *, comes_back: bool = True) -> None:
        self.ear: PretendConsole | None = PretendConsole(console)
        self.before = made_survey()
        self.after = made_survey(NEW, boot="2222", clock=1100)
        self.details: Details = made_details()
        self.found = VMCORE
        self.results = [Result(NODE, "initrd.present", "It is there", Outcome.PASS)]
        self.guards = [Gate("guard.own-node", holds=True, said="it is another")]
        self.bmc_dies: PowerError | None = None
        self.crashed = False
        self.reset = False
        self.comes_back = comes_back
        self.removed: list[str] = []
        self.pressed: list[str] = []
        self.locked = 0
        self.lost_at = ""
        self.in_crash: Callable[[], None] = lambda: None

    def run(self, script: str, seconds: float) -> bytes:
        for word, does in self._answers().items():
            if word in script:
                if word == self.lost_at:
                    raise TransportError("cut", NODE, "the connection ended early")
                return does()
        raise AssertionError(script)

    def _answers(self) -> dict[str, Callable[[], bytes]]:
        return {
            "synced=": lambda: answer(self.before) + b"synced=2\nready=yes\n",
            "triggered=yes": self._crash,
            "print_of": lambda: details_answer(self.details),
            "rmdir": self._remove,
            "survey": lambda: answer(self.after if self.crashed else self.before),
        }

    def _crash(self) -> bytes:
        self.crashed = True
        self.in_crash()
        return b"meant=0\ntriggered=yes\n"

    def _remove(self) -> bytes:
        self.removed.append(NEW)
        return b"result=removed\n"

    def drop(self) -> None:
        pass

    def answers(self) -> str | None:
        over = self.ear is None or self.ear.over
        back = self.crashed and (self.reset or (self.comes_back and over))
        return "2222" if back else None

    def look(self) -> Subject:
        return Subject(evidence(NODE, captured("healthy")))

    def judge(self, subject: Subject) -> Sequence[Result]:
        return self.results

    def vmcore(self, path: str) -> Vmcore:
        return self.found

    def press(self, action: PowerAction) -> PowerOutcome:
        self.pressed.append(action)
        if self.bmc_dies is not None and (action != "status" or not self.crashed):
            raise self.bmc_dies
        self.reset |= action == "reset"
        self.crashed |= action == "nmi"
        return PowerOutcome(NODE, action, "ipmi ncn-w001-mgmt", 0.1, "on" if action == "status" else None)

    def console(self) -> Console | None:
        return self.ear

    def may_go(self) -> Sequence[Gate]:
        return self.guards

    def lock(self, seconds: float) -> Gate:
        self.locked += 1
        return Gate("guard.lock", holds=True, said="taken")

    def unlock(self) -> None:
        self.locked -= 1

    def tell(self, phase: str, step: str, seconds: float) -> None:
        pass


Kept = tuple[Pending, Ledger]


def prove(hands: PretendHands, kept: Kept, wishes: Wishes = APPLY) -> Proof:
    return Prover(hands, wishes, *kept).prove()


def bad_points(proof: Proof) -> set[str]:
    return {point.name for point in proof.points if not point.holds}
