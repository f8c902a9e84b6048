# SPDX-License-Identifier: Apache-2.0
"""Documents of results for tests of what is made from them: made up, of any size, with a bit of everything in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from kdumpcheck.checks import Outcome, Result
from kdumpcheck.crash.proof import DumpFacts, PhaseTime, Proof, Word
from kdumpcheck.guards import Gate
from kdumpcheck.results import NodeLook, RemedyResult, Run
from kdumpcheck.results.read import run_of
from kdumpcheck.results.run import CheckNote, ProofNote

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
STAMP = NOW.isoformat(timespec="seconds")


def fleet_document(nodes: int, checks: int, outcome: Outcome = Outcome.PASS, *, said: str = "") -> dict[str, Any]:
    """Nodes x checks that all have this outcome; with `said`, each has words of its own."""
    run = Run(NOW, "1.0", "live", finished=NOW, exit_status=0)
    run.checks = {name: _check(name) for name in (f"part.check-{number}" for number in range(checks))}
    for number in range(nodes):
        node = f"ncn-w{number + 1:04}"
        run.nodes[node] = NodeLook(node, "worker", f"ssh://root@{node}", STAMP, None, "suse", None)
        run.results += [
            Result(node, check, "T", outcome, "", "expected", f"{node} {check} {said}" if said else "found")
            for check in run.checks
        ]
    return plain(run)


def full_run(said: str) -> Run:
    """A run with every kind of record in it, each of whose words is `said`."""
    run = Run(NOW, "1.0", "live", finished=NOW, exit_status=1)
    note = ProofNote(STAMP, said, 61.5, said, said)
    run.nodes["ncn-w001"] = NodeLook("ncn-w001", said, said, STAMP, None, "suse", said, (said,), note)
    run.nodes["ncn-w002"] = NodeLook("ncn-w002", "storage", said, STAMP, said, None, None)
    for number, outcome in enumerate(Outcome):
        name = f"part.check-{number}"
        run.checks[name] = _check(name, "part.mend" if outcome is Outcome.FAIL else None)
        run.results.append(Result("ncn-w001", name, "T", outcome, said, said, said, run.checks[name].remedy))
        run.results.append(Result("ncn-w002", name, "T", Outcome.ERROR, said))
    for result in (True, False, None):
        change = {said: {"old": said, "new": said}}
        run.remedies.append(RemedyResult("ncn-w001", "part.mend", result, change, said, ("part.check-2",)))
    gate = Gate("gate.one", holds=False, said=said)
    phases = (PhaseTime("crashed", 0.5), PhaseTime("saving", 12.0), PhaseTime(said, 30.0))
    dump = DumpFacts(said, 5 << 20, said, said, (said,), kept=True)
    proof = Proof("ncn-w001", Word.FAILED, said, "sysrq", STAMP, 60.0, (gate,), phases, (gate,), said, said)
    run.proofs.append(proof.but(last_lines=(said, said), unseen=(said,), dump=dump, console_log=said))
    return run


def plain(run: Run) -> dict[str, Any]:
    """A run's document as it comes from a file."""
    document: dict[str, Any] = json.loads(json.dumps(run.document()))
    return document


def read_again(document: dict[str, Any]) -> Run:
    """The run that a document tells of, as any reader of it has it."""
    return run_of(document, "the test's document")


def _check(name: str, remedy: str | None = None) -> CheckNote:
    return CheckNote(name, f"Title of {name}", "fail", remedy, "Do this.", "manual page", ())
