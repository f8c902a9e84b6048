# SPDX-License-Identifier: Apache-2.0
"""One run of the suite: its nodes, what was found on them, and the run's record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from kdumpcheck import __version__
from kdumpcheck.checks import Check, Judge, Outcome, Result, Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.crash.ledger import Fingerprint, Ledger, LedgerError, Proved
from kdumpcheck.evidence import CouldNotLook, Evidence, Unknown, save
from kdumpcheck.evidence.store import SUFFIX
from kdumpcheck.facts import FACTS
from kdumpcheck.fleet import Fleet, Look
from kdumpcheck.fleet.look import origin_of
from kdumpcheck.fleet.progress import Progress
from kdumpcheck.guards import Owner
from kdumpcheck.nodes import Inventory, Node, fold
from kdumpcheck.paths import state_dir
from kdumpcheck.power import Console, Ways, open_console
from kdumpcheck.probe import Probe, Section, compose
from kdumpcheck.remedies import REMEDIES
from kdumpcheck.results import NodeLook, Run
from kdumpcheck.results.gate import Judgement
from kdumpcheck.results.run import CheckNote, PlannedStep, ProofNote
from kdumpcheck.results.words import kept_since
from kdumpcheck.suite.bmc import taken_password
from kdumpcheck.suite.booting import Booting
from kdumpcheck.suite.journal import unfinished
from kdumpcheck.suite.options import Options
from kdumpcheck.suite.plans import Step, plan_of
from kdumpcheck.suite.proofs import Proofs, Tell
from kdumpcheck.suite.repairs import Repairs
from kdumpcheck.suite.secrets import passphrase_asker
from kdumpcheck.suite.targets import inventory_of, kept_evidence, nodes_of
from kdumpcheck.suite.visits import harmless
from kdumpcheck.transport import Deadline, SshSettings, testinfra_host


class Suite:
    """The state of one run. Nodes are reached only once checks that need them were collected."""

    def __init__(self, options: Options, handed: Path | None = None) -> None:
        """`handed` is evidence that this run's controller has gathered already (pytest-xdist)."""
        #: The image that is booted in this run, if one is; what this run is told of nodes is told of that one.
        self.booting = Booting.of(options)
        self.options = options if self.booting is None else self.booting.adapted(options)
        self.checks: dict[str, Check] = {}
        self.raw: dict[str, bytes] = {}
        self.keep_raw = False
        self._handed = handed
        self._bmc_password = taken_password()
        self.subjects: dict[str, Subject] = {}
        self.before: dict[str, Subject] = {}
        self.report_dir: Path | None = None
        self.page: Path | None = None
        self.conflict: str | None = None
        #: Whether remedies are applied: asked for, and not declined on the terminal.
        self.apply = options.apply
        #: Which remedies are wanted on which nodes, and each node's plan made of them.
        self.wanted: frozenset[tuple[str, str]] = frozenset()
        self.plans: dict[str, list[Step]] = {}
        self.selected: frozenset[tuple[str, str]] | None = None
        self.trouble: str | None = None
        #: What a baseline and waivers make of the run, once it is over.
        self.judgement: Judgement | None = None
        #: Tells the operator how far a crash is; set by who has the terminal.
        self.tell_crash: Tell = lambda _node, _phase, _step, _seconds: None
        self.run = Run(datetime.now(UTC).replace(microsecond=0), __version__, "replay" if options.replay else "live")

    @cached_property
    def inventory(self) -> Inventory:
        """Where the nodes are described."""
        if self.booting is not None:
            return self.booting.inventory
        return inventory_of(self.options)

    @cached_property
    def images(self) -> Mapping[str, tuple[Evidence, bytes]]:
        """The images of this run by name, each as evidence and in a probe's form; none for a run on nodes."""
        return self.options.image.look() if self._handed is None else {}

    @cached_property
    def kept(self) -> dict[str, Subject] | None:
        """Subjects from evidence that is there already, or None for a run that looks for itself."""
        directory = self._handed or self.options.replay
        if self.images:
            return {name: Subject(evidence) for name, (evidence, _) in self.images.items()}
        if directory is None:
            return None
        evidence = kept_evidence(self.options.nodes, self.inventory, directory)
        return {name: Subject(each) for name, each in evidence.items()}

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """The nodes of this run by name, never none."""
        if self.options.image.images and self.kept is not None:
            booted = {} if self.booting is None else {self.booting.node.name: self.booting.node}
            return {name: Node(name) for name in self.kept} | booted
        if self.options.replay is not None and self.kept is not None:
            return {name: self.inventory.nodes.get(name) or Node(name) for name in self.kept}
        return {node.name: node for node in nodes_of(self.options, self.inventory)}

    @property
    def machines(self) -> Mapping[str, Node]:
        """Those of the nodes that can be reached, repaired and crashed: an image is none before it is booted."""
        return self.nodes if self.booting is None else {self.booting.node.name: self.booting.node}

    @cached_property
    def fleet(self) -> Fleet:
        """The connections to the nodes."""
        settings = SshSettings(
            ssh_config=self.options.ssh_config or self.inventory.ssh_config,
            identity_files=(self.options.identity_file,) if self.options.identity_file else (),
            known_hosts=self.inventory.known_hosts,
            sudo=self.options.sudo,
            password=self.options.password,
            sudo_password=self.options.sudo_password,
            ask=passphrase_asker(),
        )
        return Fleet(settings, self.options.deadline, self.options.fanout)

    @cached_property
    def owner(self) -> Owner:
        """Who this run is, to others that would work on the same nodes."""
        return Owner.me()

    @cached_property
    def state_dir(self) -> Path:
        """Where this operator keeps what outlives a run."""
        if self.booting is not None:
            return self.booting.state_dir
        return state_dir(os.environ, Path.home())

    @cached_property
    def ledger(self) -> Ledger:
        """Which nodes were proved by a crash, with what and when."""
        return Ledger(self.state_dir / "proofs.json")

    @cached_property
    def proved(self) -> Mapping[str, Proved] | LedgerError:
        """The proofs in the ledger when the run began, or why it could not be read."""
        try:
            return self.ledger.read()
        except LedgerError as error:
            return error

    @cached_property
    def judge(self) -> Judge:
        """Judges with every check that was collected, selected or not."""
        return Judge(self.checks.values())

    @cached_property
    def repairs(self) -> Repairs:
        """The repairs of this run."""
        return Repairs(self)

    @cached_property
    def ways(self) -> Ways:
        """The ways to the nodes' BMCs; nothing is read or asked for before one is needed."""
        return self.options.bmc.ways(self._bmc_password)

    def console(self, node: str, keep: Path | None = None) -> Console:
        """Listen to a node's console, and keep its bytes in a file. Raises `ConsoleError` and `SecretError`."""
        return open_console(self.nodes[node], self.ways, keep=keep)

    @cached_property
    def proofs(self) -> Proofs:
        """The crash proofs of this run."""
        return Proofs(self)

    def judged(self) -> str:
        """What is judged: the nodes as they are now, or evidence of when."""
        if self.booting is not None:
            return "an image, and the node that booted it here"
        if self.options.image.images:
            return "images, before any node boots them"
        if self.options.replay is None or self.kept is None:
            return "nodes looked at now"
        return kept_since(subject.evidence.taken for subject in self.kept.values())

    def heading(self) -> list[str]:
        """The lines above a run: the nodes, and where they come from, so that nobody mistakes a lab for a site."""
        if self.options.image.images:
            booted = [] if self.booting is None else [f"booting it here as: {self.booting.node.name}"]
            return [f"kdumpcheck: {self.judged()}: {', '.join(map(str, self.options.image.images))}", *booted]
        count = "1 node" if len(self.nodes) == 1 else f"{len(self.nodes)} nodes"
        if self.options.replay is not None:
            return [f"kdumpcheck: {count}: {fold(self.nodes)}", f"nodes: {self.judged()}"]
        notes = [f"note: {note}" for note in self.inventory.notes]
        if self.report_dir is not None:
            notes += map(str, unfinished(self.report_dir.parent, self.nodes))
        if isinstance(self.proved, LedgerError):
            notes.append(f"note: no proof is known of any node: {self.proved}")
        return [f"kdumpcheck: {count}: {fold(self.nodes)}", f"nodes: {self.inventory.describe()}", *notes]

    def add_check(self, check: Check) -> None:
        """Make a collected check known; an id that is taken, or a word in it that nothing obeys, is a conflict."""
        self.run.checks[check.id] = CheckNote.of(check)
        other = self.checks.setdefault(check.id, check)
        if other.place != check.place:
            self.conflict = f"two checks are called {check.id}: {other.place} and {check.place}"
        self.conflict = _vain(check) or self.conflict

    def judges(self, check: Check) -> list[str]:
        """The nodes of this run that a check is asked of: one of images alone is not asked of a node."""
        if check.judges != "image":
            return list(self.nodes)
        return [name for name, subject in (self.kept or {}).items() if not subject.evidence.booted]

    def probe(self, checks: Iterable[Check] | None = None) -> Probe:
        """The probe that asks what these checks (default: all facts) need, and no more."""
        wanted = set(FACTS) if checks is None else self._needs(checks)
        sections: list[Section] = []
        for name in FACTS:
            if name in wanted:
                sections.extend(FACTS[name].sections)
        return compose(sections, patience=int(self.options.deadline / 2))

    def _needs(self, checks: Iterable[Check]) -> set[str]:
        # Every verdict needs to know the system and the provider; a follower needs what its causes need.
        needs = {"system", "packages"}
        pending = list(checks)
        seen: set[str] = set()
        while pending:
            check = pending.pop()
            if check.id not in seen:
                seen.add(check.id)
                needs.update(check.needs)
                pending.extend(self.checks[cause] for cause in check.follows if cause in self.checks)
        return needs

    def gather(self, probe: Probe, progress: Progress | None = None, *, keep: bool = False) -> None:
        """Look at every node once; afterwards there is a subject for each, reached or not.

        With `keep` the connections stay open for what comes after; otherwise a large fleet would hold a socket a node.
        """
        if self.kept is not None:
            for evidence, raw in self.images.values():
                self._subject(Look(evidence, raw))
            for name, subject in self.kept.items():
                self._take(name, subject)
            if self.booting is None:
                return
            if self.booting.failure:
                self._take_unreached(self.booting.node, self.booting.failure)
                return
        if self.options.crash.resume:
            # A node in the middle of its crash would only cost its deadline, in which nobody watches it.
            for node in self.nodes.values():
                self._take_unreached(node, _CRASHING)
            return
        for name, look in self.fleet.gather(self.machines.values(), probe, progress, keep=keep).items():
            self._take(name, self._subject(look))

    def _take_unreached(self, node: Node, why: str) -> None:
        self._take(node.name, Subject(Evidence(node.name, datetime.now(UTC), origin_of(node), failure=why)))

    def make_plans(self) -> None:
        """Plan the wanted remedies on every node, from what the checks say of it."""
        for node, subject in self.subjects.items():
            wanted = {name for name, where in self.wanted if where == node}
            self.plans[node] = plan_of(subject, self.judge.judge_all(subject), wanted, reboot=self.options.reboot)
            self.run.plan += [
                PlannedStep(
                    node,
                    step.name,
                    one_line(step.action.comment if step.action else step.refusal),
                    harmless(step.action.changes) if step.action else {},
                    step.mends,
                    step.after,
                    possible=step.action is not None,
                )
                for step in self.plans[node]
            ]

    def refresh(self, node: str) -> None:
        """Look at one node anew right before it is touched; what is broken counts from here on."""
        self._take(node, self._subject(self.fleet.look(self.nodes[node], self.probe())))

    def look_again(self, node: str, probe: Probe) -> Subject:
        """Look at one node anew, as after a repair; what was known before is kept in `before`."""
        self.before.setdefault(node, self.subjects[node])
        self._take(node, self._subject(self.fleet.look(self.nodes[node], probe)))
        return self.subjects[node]

    def host(self, node: str) -> Any:  # noqa: ANN401 - testinfra ships no types
        """Testinfra's host for a node, on its one connection. Raises `TransportError`."""
        connection = self.fleet.connection(self.nodes[node], Deadline.after(self.options.deadline))
        return testinfra_host(connection)

    def _subject(self, look: Look) -> Subject:
        if self.keep_raw:
            self.raw[look.evidence.node] = look.raw
        if self.options.bundle is not None:
            self._keep(self.options.bundle, look)
        return Subject(look.evidence, of_image=self.booting is not None)

    def _keep(self, directory: Path, look: Look) -> None:
        try:
            save(directory, look.evidence, look.raw)
        except OSError as error:
            self.trouble = f"--bundle {directory}: evidence could not be kept ({error.strerror})"

    def _take(self, name: str, subject: Subject) -> None:
        self.subjects[name] = subject
        evidence, provider, obstacle = subject.evidence, subject.provider, subject.obstacle
        kept = self.options.replay or self.options.bundle
        file = kept / f"{name}{SUFFIX}" if kept else None
        self.run.nodes[name] = NodeLook(
            name=name,
            role=self.nodes[name].role,
            origin=one_line(evidence.origin),
            taken=evidence.taken.astimezone(UTC).isoformat(timespec="seconds"),
            failure=one_line(obstacle.reason) if obstacle else None,
            provider=None if isinstance(provider, Unknown) else provider.name,
            evidence=str(file) if file is not None and file.exists() else None,
            attempts=tuple(map(one_line, evidence.attempts)),
            proof=self._proof_note(subject),
        )

    def read_ledger_again(self, node: str) -> None:
        """A node was proved in this run: its report is to say so."""
        self.__dict__.pop("proved", None)
        if node in self.run.nodes:
            note = self._proof_note(self.subjects[node])
            self.run.nodes[node] = replace(self.run.nodes[node], proof=note)

    def _proof_note(self, subject: Subject) -> ProofNote | None:
        """What the ledger says of a node, held against what it is now. Kept evidence is not of now."""
        if self.options.replay is not None or not subject.evidence.booted or isinstance(self.proved, LedgerError):
            return None
        proved = self.proved.get(subject.node)
        if proved is None:
            return None
        try:
            outdated = proved.fingerprint.differs(Fingerprint.of(subject))
        except CouldNotLook:  # not reached, or only a part of it was asked: then nothing is claimed either way
            return None
        kernel = one_line(proved.fingerprint.kernel)
        return ProofNote(proved.when, kernel, proved.seconds, one_line(proved.line()), one_line(outdated))

    def result(self, check: Check, node: str) -> Result:
        """One check's result on one node as it is now: "recovered" when it was broken before a repair."""
        subject = self.subjects[node]
        result = self.judge.judge(check, subject)
        if result.cause and self.selected is not None and (result.cause, node) not in self.selected:
            # Nobody will hear of the cause in this run, so that its failure cannot explain this one.
            return Judge([check]).judge(check, Subject(subject.evidence, of_image=subject.of_image))
        if node in self.before and result.outcome is Outcome.PASS:
            earlier = self.judge.judge(check, self.before[node])
            if earlier.outcome in {Outcome.FAIL, Outcome.WARN}:
                return replace(result, outcome=Outcome.RECOVERED, message=f"was: {earlier.found}")
        return result

    def close(self) -> None:
        """Start nothing more, and close all connections."""
        if "repairs" in self.__dict__:
            self.repairs.close()
        if "proofs" in self.__dict__:
            self.proofs.close()
        if "fleet" in self.__dict__:
            self.fleet.close()
        if self.booting is not None:
            self.trouble = self.booting.close(self.report_dir) or self.trouble


_CRASHING = "it was crashed, and has not been seen to be back"
#: Marks that pytest's own items obey. A check that ignored one would surprise its author.
_UNKNOWN_TO_CHECKS = {"parametrize", "skip", "skipif", "usefixtures", "xfail"}


#: Where the run of the suite is kept in pytest's configuration; absent when pytest runs something else.
SUITE = pytest.StashKey[Suite]()


def _vain(check: Check) -> str:
    """What stands in a check and would be obeyed by nothing; "" for nothing."""
    if check.remedy is not None and check.remedy not in REMEDIES:
        return (
            f"check {check.id} ({check.place}) names the remedy {check.remedy!a:.60}, and there is none: it is "
            "misspelt, or comes with a --plugin-dir that was not given (kdumpcheck plugins)"
        )
    marks = {mark.name for mark in getattr(check.function, "pytestmark", ())} & _UNKNOWN_TO_CHECKS
    if marks:
        return (
            f"check {check.id} ({check.place}) cannot obey pytest's mark {min(marks)!r}: leave it out with "
            "--deselect or -k, or call not_applicable() in it"
        )
    return ""
