# SPDX-License-Identifier: Apache-2.0
"""The crash proofs of a run: one node at a time, each with hands of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kdumpcheck.checks import Result, Subject
from kdumpcheck.crash import trigger
from kdumpcheck.crash.hands import Wishes
from kdumpcheck.crash.pending import Pending
from kdumpcheck.crash.proof import Proof, Word, harmless
from kdumpcheck.crash.prover import Prover
from kdumpcheck.crash.turn import Turn, lost
from kdumpcheck.dumps import NodeFile, Vmcore, inspect_window
from kdumpcheck.fleet.boots import answering
from kdumpcheck.guards import Gate, NodeLock
from kdumpcheck.power.console import Console
from kdumpcheck.power.outcome import Action, Outcome
from kdumpcheck.results.run import PlannedStep
from kdumpcheck.suite.restarts import Restarts
from kdumpcheck.transport import Deadline, TransportError

if TYPE_CHECKING:
    from kdumpcheck.suite.suite import Suite

NAME: Final = "crash.proof"
_PRESS_SECONDS: Final = 60.0
_ANSWER_LIMIT: Final = 16 * 2**20
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")

#: Tells the operator the node, its phase, the step it works at, and the seconds since the trigger.
Tell = Callable[[str, str, str, float], None]


class Proofs:
    """Proves nodes, and keeps what came of it in the run's record."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._turn = Turn(suite.state_dir / "crash.lock")
        self._pending = Pending(suite.state_dir / "crashes")

    def steps(self, nodes: Sequence[str]) -> list[PlannedStep]:
        """What would be done, for the plan that is shown before anybody says yes."""
        how = trigger.WORDS[self._suite.options.crash.trigger]
        comment = f"crash it on purpose {how}, watch it until it is back, and see that its dump is whole"
        if self._suite.options.crash.resume:
            comment = "go on with the crash whose end nobody saw; nothing is crashed anew"
        changes: Mapping[str, Mapping[str, str]] = {"node": {"old": "running", "new": "crashed, and booted again"}}
        return [PlannedStep(node, NAME, comment, changes, (), "", possible=True) for node in nodes]

    def prove(self, node: str) -> Proof:
        """Prove one node. What is known of it is in the record, also when the operator leaves in the middle."""
        suite = self._suite
        options = suite.options.crash
        wishes = Wishes(
            trigger=options.trigger,
            despite=options.despite,
            apply=suite.apply,
            resume=options.resume,
            keep_dump=options.keep_dump,
            hung_after=options.hung_after,
            boot=suite.options.boot_deadline,
            resumable=suite.booting is None,
        )
        turn = self._turn.gate(lost(suite.run.proofs))
        hands = NodeHands(suite, node, turn, partial(suite.tell_crash, node))
        prover = Prover(hands, wishes, self._pending, suite.ledger)
        try:
            prover.prove()
        finally:
            log = hands.console_log
            proof = harmless(prover.proof).but(console_log=log.name if log is not None and log.exists() else "")
            suite.run.proofs.append(proof)
        if proof.word is Word.PROVED and suite.booting is None:  # of a node that ends with the run nothing holds on
            suite.read_ledger_again(node)
        return proof

    def close(self) -> None:
        """Let others crash their nodes."""
        self._turn.give_back()


class NodeHands:
    """One node, its BMC and its console, as this run reaches them."""

    def __init__(self, suite: Suite, node: str, turn: Gate, tell: Callable[[str, str, float], None]) -> None:
        self.node = node
        self._suite = suite
        self._node = suite.nodes[node]
        self._turn = turn
        self._tell = tell
        self._lock = NodeLock(self.run, suite.owner)
        self.our_boot = _BOOT_ID.read_text(encoding="ascii").strip() if _BOOT_ID.exists() else ""

    @property
    def console_log(self) -> Path | None:
        """Where the raw console of the crash is kept, beside the reports."""
        directory = self._suite.report_dir
        return directory / f"console-{self.node}.log" if directory is not None else None

    def run(self, script: str, seconds: float) -> bytes:
        """See `Hands`."""
        return self._suite.fleet.run(self._node, script, seconds=seconds, limit=_ANSWER_LIMIT).stdout

    def drop(self) -> None:
        """See `Hands`."""
        self._suite.fleet.drop(self._node)

    def answers(self) -> str | None:
        """See `Hands`."""
        return answering(self._suite.fleet, self._node)

    def look(self) -> Subject:
        """See `Hands`."""
        self._suite.refresh(self.node)
        return self._suite.subjects[self.node]

    def judge(self, subject: Subject) -> Sequence[Result]:
        """See `Hands`."""
        return self._suite.judge.judge_all(subject)

    def vmcore(self, path: str) -> Vmcore:
        """See `Hands`."""
        return inspect_window(NodeFile(lambda script: self.run(script, self._suite.options.deadline), path))

    def press(self, action: Action) -> Outcome:
        """See `Hands`."""
        return self._suite.ways.to(self._node).press(action, Deadline.after(_PRESS_SECONDS))

    def console(self) -> Console | None:
        """See `Hands`."""
        if self._suite.options.crash.no_console:
            return None
        return self._suite.console(self.node, keep=self.console_log)

    def may_go(self) -> Sequence[Gate]:
        """See `Hands`."""
        return [self._turn, *Restarts(self._suite).gates(self._node)]

    def lock(self, seconds: float) -> Gate:
        """See `Hands`."""
        return self._lock.take("a crash proof: this node is crashed on purpose", seconds)

    def unlock(self) -> None:
        """See `Hands`."""
        with suppress(TransportError):
            self._lock.give_back()

    def tell(self, phase: str, step: str, seconds: float) -> None:
        """See `Hands`."""
        self._tell(phase, step, seconds)
