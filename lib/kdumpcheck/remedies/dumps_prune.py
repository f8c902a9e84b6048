# SPDX-License-Identifier: Apache-2.0
"""`dumps.prune`: remove the oldest dumps until there is room for a new one, and never the newest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kdumpcheck.checks import Subject
from kdumpcheck.evidence import known
from kdumpcheck.facts import Dumps, Space
from kdumpcheck.facts.dumps import Dump
from kdumpcheck.facts.lines import size
from kdumpcheck.facts.space import INODES_OF_A_DUMP
from kdumpcheck.places import Place
from kdumpcheck.remedies import script
from kdumpcheck.remedies.remedy import Action, RemedyError, Traits


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpsPrune(Traits):
    """The remedy for a disk without room for a dump, as far as old dumps are what fills it."""

    name: str = "dumps.prune"
    title: str = "Remove the oldest dumps"
    for_warnings: bool = False

    def plan(self, subject: Subject) -> Action:
        """Plan to remove as few as make room, from the oldest on."""
        provider = known(subject.provider)
        saving, settings = provider.saving, known(provider.saving.settings(subject.evidence))
        space, dumps = known(Space.parse(subject.evidence)), known(Dumps.parse(subject.evidence))
        visible, shown = dumps.visible, saving.place.view or dumps.shown
        if dict(dumps.counts).get(dumps.shown, 0) > len(visible):
            raise RemedyError(f"more than {len(visible)} dumps are in {shown}: remove the oldest by hand first")
        if not all(saving.place.names_a_dump(dump.name) for dump in visible):
            raise RemedyError(f"{shown} holds what is not named as a dump is: look at it by hand")
        need = saving.need(space, settings)
        enough = need.least + need.reserve
        gone = _fewest(space, visible, enough, lambda names: saving.doomed(settings, names), saving.place)
        changes = {f"{shown}/{dump.name}": {"old": size(dump.size), "new": "absent"} for dump in gone}
        given = {
            "shown": shown,
            "pattern": saving.place.names,
            "names": " ".join(dump.name for dump in gone),
            "bytes": str(enough),
            "inodes": str(INODES_OF_A_DUMP),
        }
        comment = f"remove the oldest {len(gone)} of {len(visible)} dumps in {shown}: {', '.join(d.name for d in gone)}"
        return Action(comment, changes, script.compose("dumps_prune", given), seconds=2 * script.PATIENCE)


def _fewest(
    space: Space,
    dumps: Sequence[Dump],
    enough: int,
    deletes_first: Callable[[Sequence[str]], Sequence[str]],
    place: Place,
) -> Sequence[Dump]:
    """The fewest of the oldest that make room. What kdump itself deletes before it saves is room already."""
    for number in range(1, len(dumps)):
        gone, kept = dumps[:number], dumps[number:]
        doomed = set(deletes_first([dump.name for dump in kept]))
        room = space.free + sum(dump.size for dump in (*gone, *(dump for dump in kept if dump.name in doomed)))
        inodes = None if space.inodes is None else space.inodes + sum(len(dump.files) + 1 for dump in gone)
        if room >= enough and (inodes is None or inodes >= INODES_OF_A_DUMP):
            return gone
    older = max(len(dumps) - 1, 0)
    raise RemedyError(
        f"removing all {older} dumps but the newest would not make room: see what else fills {place.disk}"
        if older
        else f"there is no dump but the newest to remove: see what fills {place.disk}"
    )


REMEDY = DumpsPrune()
