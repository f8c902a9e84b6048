# SPDX-License-Identifier: Apache-2.0
"""What must hold of a node before it is crashed on purpose, by its evidence alone. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from kdumpcheck.checks import Outcome, Result, Subject
from kdumpcheck.checks.judge import one_line
from kdumpcheck.crash.survey import Survey
from kdumpcheck.evidence import CouldNotLook, Unknown, known
from kdumpcheck.facts import Boot, Dumps, Space, System
from kdumpcheck.facts.boot import Words
from kdumpcheck.facts.lines import size
from kdumpcheck.guards import Gate

_MOST = 5


def gates_of(subject: Subject, results: Iterable[Result], despite: Collection[str], our_boot: str) -> list[Gate]:
    """The gates that a node's evidence opens or closes.

    `results` is what all checks say of it, `despite` the ids of checks that the operator takes into account, and
    `our_boot` the boot_id of the machine we are on.
    """
    if subject.obstacle is not None:
        return [Gate("crash.validation", holds=False, said=f"the node could not be judged: {subject.obstacle.reason}")]
    provider = subject.provider
    if not isinstance(provider, Unknown) and provider.limits.proof:
        return [Gate("crash.kdump", holds=False, said=f"{provider.title}: {provider.limits.proof}")]
    found = [validation(results, despite), _told("crash.kernel", lambda: _kernel(subject, our_boot))]
    if isinstance(provider, Unknown) or provider.saving.place.hooked:
        found.append(_told("crash.boot", lambda: _boot(subject)))
    else:
        found.append(_told("crash.settings", lambda: _settings(subject)))
    return [
        *found,
        _told("crash.space", lambda: _space(subject, despite)),
        _told("crash.retention", lambda: _retention(subject)),
    ]


def written_over(before: Survey) -> list[Gate]:
    """A dump that has the name of this very minute would be lost; nothing where names tell more."""
    if not before.stamp:
        return []
    lost = before.written_over
    said = f"a dump saved now would be written over {lost}: move it away, or wait a minute" if lost else before.stamp
    return [Gate("crash.name", not lost, said)]


def _told(name: str, look: Callable[[], tuple[bool, str]]) -> Gate:
    """A gate whose facts could not be told does not hold."""
    try:
        holds, said = look()
    except CouldNotLook as unknown:
        holds, said = False, f"it could not be told: {unknown}"
    return Gate(name, holds, one_line(said))


def validation(results: Iterable[Result], despite: Collection[str], name: str = "crash.validation") -> Gate:
    """Whether every check that judged the node is green, or known to be red."""
    judged = [result for result in results if result.outcome is not Outcome.SKIP]
    red = [result for result in judged if result.outcome in {Outcome.FAIL, Outcome.ERROR}]
    unknown = [result for result in red if result.check not in despite]
    if not judged:
        return Gate(name, holds=False, said="no check applies to this node, so nothing is known of it")
    if unknown:
        shown = "; ".join(f"{each.check}: {each.found or each.message}" for each in unknown[:_MOST])
        more = f"; and {len(unknown) - _MOST} more" if len(unknown) > _MOST else ""
        return Gate(name, holds=False, said=one_line(f"{shown}{more}"))
    known_red = f", despite {', '.join(result.check for result in red)}" if red else ""
    warnings = sum(result.outcome is Outcome.WARN for result in judged)
    return Gate(name, holds=True, said=f"{len(judged)} checks, {warnings} warnings{known_red}")


def _kernel(subject: Subject, our_boot: str) -> tuple[bool, str]:
    """A container, or this machine under another name, has our kernel: crashing it crashes us and all beside it."""
    system = known(System.parse(subject.evidence))
    if not system.boot_id:
        return False, "the node did not tell its boot_id, so it may be the machine you are on"
    if system.boot_id == our_boot:
        return False, "the node runs on the kernel of the machine you are on: a crash would take that down"
    return True, f"{system.release}, booted as {system.boot_id[:8]}"


def _boot(subject: Subject) -> tuple[bool, str]:
    boot = known(Boot.parse(subject.evidence))
    problems = _harm(boot.running)
    if boot.disk is not None:
        problems += [f"{problem} in {boot.grub_file}" for problem in _harm(boot.disk)]
    if problems:
        return False, f"{'; '.join(problems)}: the boot after the crash would not leave the dump alone"
    where = f" (and in {boot.grub_file})" if boot.disk is not None else ""
    return True, f"metal.no-wipe=1, the overlay is neither reset nor read-only{where}"


def _harm(line: Words) -> list[str]:
    """What on a command line may cost the dump, or all disks; leaving metal.no-wipe to the boot hook may, too."""
    wipe = line.last("metal.no-wipe")
    found = [] if wipe == "1" else [f"metal.no-wipe={wipe}" if wipe else "no metal.no-wipe=1"]
    switches = ("rd.live.overlay.reset", "rd.live.overlay.readonly")
    return found + [switch for switch in switches if line.switched_on(switch)]


def _settings(subject: Subject) -> tuple[bool, str]:
    """What is saved in a way that nobody can look into is not worth a crash."""
    saving = known(subject.provider).saving
    why = saving.unprovable(known(saving.settings(subject.evidence)))
    return not why, why or f"the dump will be {saving.place.where}, and can be looked into"


def _space(subject: Subject, despite: Collection[str]) -> tuple[bool, str]:
    """Room is what is free now: that kdump would delete older dumps first is another gate's matter."""
    saving, space = known(subject.provider).saving, known(Space.parse(subject.evidence))
    need = saving.need(space, known(saving.settings(subject.evidence)))
    enough = need.whole + need.reserve
    found = f"{size(space.free)} free {saving.place.where}, at most {size(enough)} needed"
    if space.free >= enough:
        return True, found
    if saving.room in despite:
        return True, f"{found}, despite {saving.room}"
    return False, f"{found}: make room (remedy dumps.prune), or say --despite {saving.room}"


def _retention(subject: Subject) -> tuple[bool, str]:
    """A crash on purpose must not cost a dump that was not."""
    saving = known(subject.provider).saving
    settings = known(saving.settings(subject.evidence))
    dumps = known(Dumps.parse(subject.evidence))
    there = dict(dumps.counts).get(dumps.shown, 0)
    limit = saving.kept(settings)
    doomed = saving.costs(settings, [dump.name for dump in dumps.visible])
    unseen = there - len(dumps.visible)
    if limit is None:
        return False, f"{saving.setting} is no number"
    rule = f"{saving.setting}={limit}" if saving.setting else "it deletes none"
    if doomed or (limit > 0 and unseen > 0):
        names = ", ".join(list(doomed)[:_MOST]) or "the oldest"
        when = "before it saves" if saving.deletes_before else "after it has saved"
        return False, f"kdump would delete {names} {when} ({rule}): move them away first"
    return True, f"{there} earlier dumps, and none goes ({rule})"
