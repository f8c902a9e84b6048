# SPDX-License-Identifier: Apache-2.0
"""One dump of one node, as all that is known of it; and the dumps of a node, read out of its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from kdumpcheck.dumps.beside import shown
from kdumpcheck.dumps.saved import flaw_of
from kdumpcheck.dumps.verdict import Verdict
from kdumpcheck.dumps.vmcore import Vmcore
from kdumpcheck.evidence import Evidence, Unknown
from kdumpcheck.facts import Defaults, Dumps, Packages, Sysconfig
from kdumpcheck.facts.dumps import Dump, holds_memory
from kdumpcheck.probe import Section
from kdumpcheck.providers import select

SECTIONS: tuple[Section, ...] = (*Dumps.sections, *Sysconfig.sections, *Defaults.sections, *Packages.sections)
"""What must be asked on a node."""
#: How many crashes are looked ahead for the one that deletes a dump.
_AHEAD = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One dump. `verdict` is None where it cannot be told; `size` is in bytes, times in seconds since 1970."""

    name: str
    place: str
    """the directory it lies in, on the node"""
    visible: bool
    """whether it is where people look for dumps"""
    verdict: Verdict | None
    problem: str
    size: int
    release: str | None = None
    crash_time: int | None = None
    panic: str | None = None
    deleted_by: int | None = None
    """the how-manieth crash from now deletes it, before it saves its own or after; None: none that can be foreseen"""
    vmcores: tuple[str, ...] = ()
    """names of its files that hold memory"""
    looked: Literal["listing", "first", "deep"] = "listing"
    """how far anybody looked: at names and README.txt, at how each vmcore ends, or at its whole structure"""


@dataclass(frozen=True, slots=True)
class NodeDumps:
    """The dumps of one node, newest first; `failure` says why they are not known.

    `unlisted` are too many to list; `retention` is False where it cannot be told which of them a crash deletes.
    """

    node: str
    taken: datetime
    failure: str | None = None
    rows: tuple[Row, ...] = ()
    unlisted: int = 0
    retention: bool = True
    unseen: str | None = None
    """why its vmcores could not be looked into, None when they could"""


def read(evidence: Evidence) -> NodeDumps:
    """The dumps of a node by its evidence."""
    dumps = Dumps.parse(evidence)
    if isinstance(dumps, Unknown):
        return NodeDumps(evidence.node, evidence.taken, shown(dumps.reason))
    if not dumps.shown:
        return NodeDumps(evidence.node, evidence.taken, _nowhere(evidence))
    total = dict(dumps.counts)
    fates = _fates(evidence, [dump.name for dump in dumps.visible], total.get(dumps.shown, 0))
    rows = [_row(dump, fates, visible=dump.parent == dumps.shown) for dump in dumps.found]
    rows.sort(key=lambda row: (row.name, row.place), reverse=True)
    unlisted = max(0, sum(total.values()) - len(rows))
    unseen = shown(dumps.unseen.reason) if dumps.unseen is not None else None
    return NodeDumps(evidence.node, evidence.taken, None, tuple(rows), unlisted, fates is not None, unseen)


def _nowhere(evidence: Evidence) -> str:
    provider = select(evidence)
    if isinstance(provider, Unknown) or provider.saving.place.hooked:
        return "ROOTRAID is not mounted there"
    return f"no dump is saved {provider.saving.place.where} there: it is not mounted, or dumps go to another machine"


def _fates(evidence: Evidence, names: Sequence[str], total: int) -> dict[str, int] | None:
    """Which crash from now on deletes each dump, of those that one does; None where that cannot be told."""
    provider = select(evidence)
    if isinstance(provider, Unknown):
        return None
    settings = provider.saving.settings(evidence)
    if isinstance(settings, Unknown):
        return None
    # Names have no blanks: these stand for older dumps that were not listed, and for those to come.
    older, found = [f"older {number}" for number in range(max(0, total - len(names)))], dict[str, int]()
    for crash in range(_AHEAD, 0, -1):
        coming = [f"coming {number}" for number in range(1, crash)]
        doomed = provider.saving.costs(settings, [*older, *names, *coming])
        found.update(dict.fromkeys(doomed, crash))
    return found


def _row(dump: Dump, fates: Mapping[str, int] | None, *, visible: bool) -> Row:
    seen = dump.seen
    told = [vmcore.told for _, vmcore in seen.vmcores] if seen is not None else []
    return Row(
        name=shown(dump.name),
        place=shown(dump.parent),
        visible=visible,
        verdict=_verdict(dump),
        problem=shown(dump.problem),
        size=dump.size,
        release=next((each.release for each in told if each.release), None),
        crash_time=next((each.crash_time for each in told if each.crash_time), None),
        panic=seen.panic if seen is not None else None,
        deleted_by=(fates or {}).get(dump.name) if visible else None,
        vmcores=tuple(sorted(name for name, _ in dump.files if holds_memory(name))),
        looked="first" if seen is not None and seen.vmcores else "listing",
    )


def _verdict(dump: Dump) -> Verdict | None:
    if dump.problem:
        return dump.flaw.verdict if dump.flaw is not None else Verdict.INCOMPLETE
    names = [name for name, _ in dump.files if holds_memory(name)]
    looked = dump.seen is not None and dump.seen.sure and len(dump.seen.vmcores) == len(names)
    return Verdict.COMPLETE if looked else None


def with_full_look(row: Row, vmcores: Sequence[tuple[str, Vmcore]], trouble: str = "") -> Row:
    """The same, after the whole structure of its vmcores was looked at; `trouble` says why that did not work."""
    if trouble:
        return _replaced(row, None, shown(trouble), vmcores)
    flaw = flaw_of(vmcores)
    if flaw is not None:
        return _replaced(row, flaw.verdict, shown(f"the vmcore is {flaw.verdict}: {flaw.reason}"), vmcores)
    # What only the listing knows (README.txt's own word) still counts.
    listed = row.problem if row.verdict is not Verdict.COMPLETE else ""
    return _replaced(row, row.verdict if listed else Verdict.COMPLETE, listed, vmcores)


def _replaced(row: Row, verdict: Verdict | None, problem: str, vmcores: Sequence[tuple[str, Vmcore]]) -> Row:
    told = [vmcore.told for _, vmcore in vmcores]
    return replace(
        row,
        verdict=verdict,
        problem=problem,
        release=next((each.release for each in told if each.release), row.release),
        crash_time=next((each.crash_time for each in told if each.crash_time), row.crash_time),
        looked="deep" if verdict is not None else row.looked,
    )
