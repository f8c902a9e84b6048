# SPDX-License-Identifier: Apache-2.0
"""One crash proof from its gates to its last word."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from kdumpcheck.checks import Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.crash import trigger
from kdumpcheck.crash.aftermath import Aftermath
from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.crash.gates import gates_of, written_over
from kdumpcheck.crash.hands import Hands, Wishes
from kdumpcheck.crash.ledger import Ledger
from kdumpcheck.crash.limits import Limits
from kdumpcheck.crash.pending import Pending, PendingError
from kdumpcheck.crash.proof import PhaseTime, Proof, Word
from kdumpcheck.crash.survey import Survey
from kdumpcheck.crash.watch import Seen, Watch
from kdumpcheck.evidence import Unknown, known
from kdumpcheck.facts import Space
from kdumpcheck.facts.lines import pairs
from kdumpcheck.guards import Gate, refusal
from kdumpcheck.power import PowerError
from kdumpcheck.power.console import Console, ConsoleError
from kdumpcheck.providers import PROVIDERS
from kdumpcheck.transport import SecretError, TransportError

#: Seconds for which others are kept away from the node: until it is crashed. The lock does not outlive the boot.
_LOCK: Final = 1800.0
_NEVER: Final = float("inf")


class Prover:
    """Proves one node. `proof` is what is known at any time, also when the operator leaves in the middle."""

    def __init__(self, hands: Hands, wishes: Wishes, pending: Pending, ledger: Ledger) -> None:
        self._hands = hands
        self._wishes = wishes
        self._pending = pending
        self._ledger = ledger
        self._console: Console | None = None
        self._watch: Watch | None = None
        self.proof = Proof(hands.node, Word.REFUSED, "nothing was done", wishes.trigger, _now())

    def prove(self) -> Proof:
        """Crash the node if all gates are open, and say what came of it. A Ctrl-C leaves the crash to --resume."""
        with ExitStack() as stack:
            try:
                self.proof = self._resumed(stack) if self._wishes.resume else self._begun(stack)
            except KeyboardInterrupt:
                self.proof = self._left()
                raise
        return self.proof

    # -- before the crash ------------------------------------------------------------------------------------------

    def _begun(self, stack: ExitStack) -> Proof:
        subject = self._hands.look()
        gates = [*self._hands.may_go(), *gates_of(subject, self._hands.judge(subject), *self._known())]
        gates += [self._earlier(), self._bmc(), self._listen(stack)]
        self._set(gates=tuple(gates))
        if why := refusal(gates):
            return self.proof.but(reason=why)
        if not self._wishes.apply:
            how = trigger.WORDS[self._wishes.trigger]
            return self.proof.but(word=Word.PLANNED, reason=f"would crash it {how}, and watch it until it is back")
        try:
            return self._applied(subject)
        except TransportError as error:
            return self.proof.but(reason=f"the node was lost before it was crashed: {error}")
        except PendingError as error:
            return self.proof.but(reason=str(error))

    def _known(self) -> tuple[frozenset[str], str]:
        return self._wishes.despite, self._hands.our_boot

    def _earlier(self) -> Gate:
        name = "crash.earlier"
        try:
            earlier = self._pending.read(self._hands.node)
        except PendingError as error:
            return Gate(name, holds=False, said=str(error))
        if earlier is None:
            return Gate(name, holds=True, said="no crash of it is unfinished")
        return Gate(name, holds=False, said=f"its crash of {earlier.started} is not over: go on with --resume")

    def _bmc(self) -> Gate:
        try:
            outcome = self._hands.press("status")
        except (PowerError, SecretError) as error:
            return Gate("crash.bmc", holds=False, said=f"a hung node could not be reset: {error}")
        return Gate("crash.bmc", outcome.state == "on", f"power is {outcome.state} ({outcome.where})")

    def _listen(self, stack: ExitStack) -> Gate:
        try:
            console = self._hands.console()
        except (ConsoleError, SecretError) as error:
            return Gate("crash.console", holds=False, said=f"{error} (--no-console crashes it unwatched)")
        if console is None:
            return Gate("crash.console", holds=True, said="none, as you say: only what comes back will be seen")
        self._console = stack.enter_context(console)
        return Gate("crash.console", holds=True, said=f"open: {console.where}")

    def _applied(self, subject: Subject) -> Proof:
        lock = self._hands.lock(_LOCK)
        self._add_gates(lock)
        if not lock.holds:
            return self.proof.but(reason=str(lock))
        crashed, gates = self._prepared(subject)
        self._add_gates(*gates)
        if crashed is None or refusal(gates):
            self._hands.unlock()
            return self.proof.but(reason=refusal(gates))
        self._pending.write(crashed)
        self._set(word=Word.FAILED, reason="its end was not seen", started=crashed.started)
        if failure := self._pull():
            self._pending.forget(crashed.node)
            self._hands.unlock()
            return self.proof.but(word=Word.REFUSED, reason=failure)
        return self._watched(crashed, joins=False)

    def _prepared(self, subject: Subject) -> tuple[Crashed | None, list[Gate]]:
        """Sync, leave the mark, and write down by what the dump will be told."""
        marker, how = f"crash-proof-{secrets.token_hex(8)}", self._wishes.trigger
        provider = known(subject.provider)
        script = trigger.prepare(provider.saving.place, provider.units[0], marker, how)
        answer = self._hands.run(script, trigger.PREPARE_SECONDS)
        before, told = Survey.parse(answer), pairs(answer.decode("utf-8", errors="backslashreplace"))
        if isinstance(before, Unknown):
            return None, [Gate("crash.sync", holds=False, said=before.reason)]
        ready, synced = told.get("ready", ""), told.get("synced", "")
        gates = [
            Gate("crash.sync", synced != "", f"all is written to the disks, in {synced} s"),
            Gate("crash.trigger", ready == "yes", f"{trigger.WORDS[how]}" if ready == "yes" else ready),
            Gate("crash.marker", told.get("kmsg") != "no", f"{marker} is in the kernel log"),
            *written_over(before),
        ]
        space = Space.parse(subject.evidence)
        memory = 0 if isinstance(space, Unknown) else space.memory["MemTotal"]
        despite = tuple(sorted(self._wishes.despite))
        return Crashed(self._hands.node, marker, how, _now(), memory, despite, before, provider.name), gates

    def _pull(self) -> str:
        """Crash it; why it was not crashed, "" when it was, or may have been."""
        how, told = self._wishes.trigger, {}
        try:
            told = pairs(self._hands.run(trigger.pull(how), trigger.PULL_SECONDS).decode("ascii", "replace"))
            if told.get("triggered") != "yes":
                return "the node did not take the trigger"
        except TransportError:
            pass  # a node that dies before it answers is what was asked for; if it lives, the watch will see that
        if how == "nmi":
            try:
                self._hands.press("nmi")
            except PowerError as error:
                if error.kind != "unconfirmed":
                    self._hands.run(trigger.calm(told.get("meant", "0")), trigger.PULL_SECONDS)
                    return f"no NMI was sent: {error}"
        return ""

    # -- from the crash on -----------------------------------------------------------------------------------------

    def _resumed(self, stack: ExitStack) -> Proof:
        try:
            crashed = self._pending.read(self._hands.node)
        except PendingError as error:
            return self.proof.but(reason=str(error))
        if crashed is None:
            return self.proof.but(reason="no crash of it is unfinished, so there is nothing to --resume")
        if crashed.provider not in PROVIDERS:
            unknown = f"its kdump is {one_line(crashed.provider)}, which is not known here: resume it with its plugin"
            return self.proof.but(reason=unknown)
        self._set(word=Word.FAILED, started=crashed.started, trigger=crashed.trigger)
        gates = [gate for gate in self._hands.may_go() if gate.name == "guard.own-node"]
        self._add_gates(*gates, self._listen(stack))
        if why := refusal(self.proof.gates):
            return self.proof.but(word=Word.REFUSED, reason=why)
        return self._watched(crashed, joins=True)

    def _watched(self, crashed: Crashed, *, joins: bool) -> Proof:
        self._set(word=Word.FAILED, reason="its end was not seen")
        self._hands.drop()
        limits = Limits.of(crashed.memory, self._wishes.hung_after, self._wishes.boot)
        boot = crashed.before.boot_id
        self._watch = Watch(self._console, self._hands.answers, boot, limits, self._hands.tell, joins=joins)
        seen = self._watch.until_the_end()
        self._note(seen)
        if seen.how == "unharmed":
            self._pending.forget(crashed.node)
            self._hands.unlock()
            return self.proof.but(reason=f"{seen.why}: {trigger.WORDS[crashed.trigger]} it was to crash")
        if seen.how == "slow":
            return self.proof.but(reason=f"{seen.why}; it is left alone. {self._how_to_go_on()}")
        if seen.how == "hung" and (failure := self._rescue(crashed, seen, limits)):
            return self.proof.but(reason=failure)
        provider = PROVIDERS[crashed.provider]
        proof = Aftermath(self._hands, self._wishes, self._ledger, provider).conclude(self.proof, crashed, seen)
        if not proof.points:
            return proof.but(reason=f"{proof.reason}. {self._how_to_go_on()}")
        self._pending.forget(crashed.node)
        return proof

    def _note(self, seen: Seen) -> None:
        phases = tuple(PhaseTime(phase, round(at, 1)) for phase, at in seen.timeline)
        self._set(phases=phases, unseen=seen.unseen, last_lines=seen.last_lines, cause=seen.story.cause())
        self._set(seconds=round(seen.seconds, 1), hung_in=seen.phase if seen.how == "hung" else "")

    def _rescue(self, crashed: Crashed, seen: Seen, limits: Limits) -> str:
        """Reset a hung node and wait for it; why that did not help, or ""."""
        hung = f"hung in phase '{seen.phase}' ({seen.why})"
        if (boot := self._hands.answers()) is not None:
            # Asked once more: a node that answers is never reset.
            if boot == crashed.before.boot_id:
                return f"{hung}, but it answers from the boot before the crash: it is not reset. {self._how_to_go_on()}"
            self._add_phase("up", seen.seconds)
            return ""
        try:
            outcome = self._hands.press("reset")
        except (PowerError, SecretError) as error:
            return f"{hung}, and could not be reset: {error}. Reset it by hand. {self._how_to_go_on()}"
        self._add_phase("reset", seen.seconds)
        patience = replace(limits, quiet_save=0.0, trigger=_NEVER)
        tell = self._hands.tell
        after = Watch(
            None,
            self._hands.answers,
            crashed.before.boot_id,
            patience,
            lambda _phase, step, seconds: tell("reset, and waited for", step, seen.seconds + seconds),
        ).until_the_end()
        if after.how != "back":
            return f"{hung}; {outcome.line()}; {after.why}. {self._how_to_go_on()}"
        self._add_phase("up", seen.seconds + after.seconds)
        self._set(rescued=True, seconds=round(seen.seconds + after.seconds, 1))
        return ""

    def _how_to_go_on(self) -> str:
        if not self._wishes.resumable:
            return "Run the whole again: this node ends with the run"
        return f"Go on with: pytest tests/recovery -m crash --nodes {self._hands.node} --crash --apply --resume"

    def _left(self) -> Proof:
        """The operator left: before the crash nothing was done, after it somebody must look for the end."""
        if self.proof.word is Word.REFUSED:
            return self.proof.but(word=Word.INTERRUPTED, reason="interrupted before it was crashed")
        if self._watch is not None and not self.proof.phases:
            self._note(self._watch.seen("left", ""))
        return self.proof.but(word=Word.INTERRUPTED, reason=f"interrupted while it crashes. {self._how_to_go_on()}")

    # -- the record ------------------------------------------------------------------------------------------------

    def _set(self, **changes: object) -> None:
        self.proof = self.proof.but(**changes)

    def _add_gates(self, *gates: Gate) -> None:
        self._set(gates=(*self.proof.gates, *gates))

    def _add_phase(self, phase: str, at: float) -> None:
        self._set(phases=(*self.proof.phases, PhaseTime(phase, round(at, 1))))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
