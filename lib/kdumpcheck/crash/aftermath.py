# SPDX-License-Identifier: Apache-2.0
"""After a crash: wait until kdump is armed again, look at what the crash left, say what it is, and take it away."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from kdumpcheck.checks import Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.crash import details, survey, verify
from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.crash.details import Details
from kdumpcheck.crash.gates import validation
from kdumpcheck.crash.hands import Hands, Wishes
from kdumpcheck.crash.ledger import Fingerprint, Ledger, LedgerError, Proved
from kdumpcheck.crash.proof import DumpFacts, PhaseTime, Proof, Word
from kdumpcheck.crash.survey import Survey
from kdumpcheck.crash.verify import Left
from kdumpcheck.crash.watch import Seen
from kdumpcheck.dumps import Kind, NodeFileError, Vmcore
from kdumpcheck.dumps.verdict import cut
from kdumpcheck.evidence import CouldNotLook, Unknown
from kdumpcheck.facts.lines import pairs, size
from kdumpcheck.facts.sysconfig import Sysconfig
from kdumpcheck.guards import Gate
from kdumpcheck.providers import Provider
from kdumpcheck.transport import TransportError

#: Seconds until kdump is armed again: its first start after a change builds an initrd, minutes on a slow node.
_ARMED_WITHIN: Final = 900.0
_EVERY: Final = 3.0
_LOCK: Final = 900.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Concludes one proof, with the node back."""

    hands: Hands
    wishes: Wishes
    ledger: Ledger
    provider: Provider
    """what the node's kdump was before the crash"""

    def conclude(self, proof: Proof, crashed: Crashed, seen: Seen) -> Proof:
        """The proof with its last word. Without points, the node was lost before all was seen."""
        began = time.monotonic()
        try:
            after = self._armed()
            if isinstance(after, Unknown):
                return proof.but(reason=f"the node is back, but could not be looked at: {after.reason}")
            armed = proof.seconds + time.monotonic() - began
            subject = self.hands.look()
            left = self._left(crashed, after, subject)
        except TransportError as error:
            return proof.but(reason=f"the node is back, but was lost while it was looked at: {error}")
        despite = frozenset((*self.wishes.despite, *crashed.despite))
        points = [*verify.back(crashed, after, self.provider.units[0]), *verify.points(crashed, left)]
        points.append(validation(self.hands.judge(subject), despite, "proof.validation"))
        bad = [point for point in points if not _holds(point, despite)]
        proof = proof.but(points=tuple(points), dump=_facts(left), seconds=round(armed, 1))
        if after.armed:
            proof = proof.but(phases=(*proof.phases, PhaseTime("armed", round(armed, 1))))
        if bad or seen.how != "back":
            return proof.but(reason=_why(proof, bad, seen))
        return self._proved(proof, crashed, subject, left)

    def _armed(self) -> Survey | Unknown:
        """The node once kdump has come to its end, whichever."""
        began, found = time.monotonic(), Survey.parse(b"")
        while time.monotonic() - began < _ARMED_WITHIN:
            try:
                found = Survey.parse(self.hands.run(self._question, survey.SECONDS))
            except TransportError as error:
                # sshd may answer before all is there, or be started anew.
                self.hands.drop()
                found = Unknown(str(error))
            if isinstance(found, Survey) and found.settled:
                return found
            self.hands.tell("waits for kdump", "", time.monotonic() - began)
            time.sleep(_EVERY)  # a node has no way to tell when its units are done, but to be asked
        return found

    @property
    def _question(self) -> str:
        return survey.question(self.provider.saving.place, self.provider.units[0])

    def _left(self, crashed: Crashed, after: Survey, subject: Subject) -> Left:
        provider, place = self.provider, self.provider.saving.place
        settings = provider.saving.settings(subject.evidence)
        if isinstance(settings, Unknown):
            return Left(after, None, None, {}, keeps_symbols=False, place=place)
        nothing = Left(after, None, None, settings, provider.keeps_symbols, place)
        fresh = verify.new_dumps(crashed, after)
        if len(fresh) != 1:
            return nothing
        (path,) = fresh
        linked = self._linked(after, subject, path) if place.hooked else ""
        answer = self.hands.run(details.question(place, path, nothing.view, linked, crashed.marker), details.SECONDS)
        found = Details.parse(path, answer)
        if found is None:
            return nothing
        core = place.memory_of([name for name, _ in found.files])
        return replace(nothing, details=found, vmcore=self._vmcore(f"{path}/{core}") if core else _NO_VMCORE)

    def _linked(self, after: Survey, subject: Subject, path: str) -> str:
        """The dump by its way through the link that the capture kernel follows."""
        sysconfig = Sysconfig.parse(subject.evidence)
        link = "" if isinstance(sysconfig, Unknown) else self.provider.dump_link(sysconfig)
        return str(PurePosixPath(f"{after.point}/{link.lstrip('/')}", PurePosixPath(path).name))

    def _vmcore(self, path: str) -> Vmcore:
        try:
            return self.hands.vmcore(path)
        except NodeFileError as error:
            return Vmcore(Kind.NONE, 0, cut(f"it could not be read: {error}"))

    def _proved(self, proof: Proof, crashed: Crashed, subject: Subject, left: Left) -> Proof:
        # Of a crash that was resumed nobody knows how long it took.
        took = "" if self.wishes.resume else f" in {proof.seconds:.0f} s"
        reason = f"a dump of {size(proof.dump.size if proof.dump else 0)}, and armed again{took}"
        try:
            fingerprint, when = Fingerprint.of(subject), crashed.started
            bytes_ = proof.dump.size if proof.dump else 0
            seconds = 0.0 if self.wishes.resume else proof.seconds
            self.ledger.write(Proved(crashed.node, when, fingerprint, seconds, bytes_))
        except (LedgerError, CouldNotLook) as error:
            reason += f"; not kept in the ledger: {error}"
        if not self.wishes.keep_dump and left.details is not None and proof.dump is not None:
            kept = self._remove(left, left.details, crashed)
            proof = proof.but(dump=_facts(left, kept=bool(kept)))
            reason += f"; the dump stays: {kept}" if kept else "; the dump was removed again"
        return proof.but(word=Word.PROVED, reason=reason)

    def _remove(self, left: Left, found: Details, crashed: Crashed) -> str:
        """Take away the dump that this crash made; why it is still there, or ""."""
        files = [name for name, _ in found.files]
        script = details.removal(left.place, left.view, found.name, files, crashed.marker)
        try:
            lock = self.hands.lock(_LOCK)
            if not lock.holds:
                return str(lock)
            answer = pairs(self.hands.run(script, details.SECONDS).decode("utf-8", errors="backslashreplace"))
            self.hands.unlock()
        except TransportError as error:
            return str(error)
        return "" if answer.get("result") == "removed" else answer.get("comment") or "the node gave no answer"


_NO_VMCORE: Final = Vmcore(Kind.NONE, 0, cut("there is none"))


def _holds(point: Gate, despite: frozenset[str]) -> bool:
    return point.holds or (point.name == "proof.symbols" and "boot.namelist" in despite)


def _facts(left: Left, *, kept: bool = True) -> DumpFacts | None:
    if left.details is None or left.vmcore is None:
        return None
    found, vmcore = left.details, left.vmcore
    names = tuple(one_line(name) for name, _ in found.files)
    kind, release = vmcore.kind.value, one_line(vmcore.release or "")
    return DumpFacts(one_line(found.path), found.dump.size, kind, release, names, kept)


def _why(proof: Proof, bad: list[Gate], seen: Seen) -> str:
    parts = [f"hung in phase '{seen.phase}' ({seen.why}), reset over its BMC"] if seen.how == "hung" else []
    if proof.cause:
        parts.append(f"likely cause: {proof.cause}")
    parts += [f"{point.name.removeprefix('proof.')}: {point.said}" for point in bad]
    return "; ".join(parts)
