# SPDX-License-Identifier: Apache-2.0
"""Is what the crash left a dump, whole, of this very crash, and where people look for it? Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.crash.details import Details
from kdumpcheck.crash.survey import Survey
from kdumpcheck.dumps import Kind, Vmcore
from kdumpcheck.facts.lines import size
from kdumpcheck.guards import Gate
from kdumpcheck.places import Place

#: Seconds between the survey and the panic: the pending write, a connection, an NMI on its way through a slow BMC.
_LATEST = 180
_COPIES = ("yes", "true", "1")


@dataclass(frozen=True, slots=True)
class Left:
    """What a crash left: the node as it is now, and its one new dump where there is one.

    `settings` are those of this kdump, `keeps_symbols` whether it copies kernel and System.map, `place` where it saves.
    """

    after: Survey
    details: Details | None
    vmcore: Vmcore | None
    settings: Mapping[str, str]
    keeps_symbols: bool
    place: Place

    @property
    def view(self) -> str:
        """The directory in which people find dumps, by the way that they take."""
        return self.place.view or self.after.shown


def new_dumps(crashed: Crashed, after: Survey) -> list[str]:
    """The dumps that were not there before the crash, as paths on the node."""
    return sorted(after.dumps - crashed.before.dumps)


def points(crashed: Crashed, left: Left) -> list[Gate]:
    """All that is asked of a dump, each by its name; without a dump, only that."""
    fresh, gone = new_dumps(crashed, left.after), sorted(crashed.before.dumps - left.after.dumps)
    found = [Gate("proof.one-dump", len(fresh) == 1, f"{len(fresh)} new dumps: {', '.join(fresh[:5])}")]
    if len(fresh) == 1:
        found = [Gate("proof.one-dump", holds=True, said=fresh[0])]
    elif not fresh:
        found = [Gate("proof.one-dump", holds=False, said=f"the crash left no dump anywhere {left.place.where}")]
    lost = f"gone since the crash: {', '.join(gone[:5])}" if gone else f"all {len(crashed.before.dumps)} are there"
    found.append(Gate("proof.earlier-dumps", not gone, lost))
    if left.details is not None and left.vmcore is not None:
        found += _of_vmcore(crashed, left.vmcore)
        found += _of_directory(crashed, left, left.details)
    return found


def _of_vmcore(crashed: Crashed, vmcore: Vmcore) -> Iterator[Gate]:
    kind = f"{vmcore.kind.value}, {size(vmcore.size)}"
    whole = vmcore.kind is not Kind.NONE and vmcore.complete
    yield Gate("proof.whole", whole, kind if whole else f"the vmcore is not whole: {vmcore.problem}")
    if vmcore.kind is Kind.NONE:
        return
    release = crashed.before.release
    said = f"of {vmcore.release}" + ("" if vmcore.release == release else f", and {release} crashed")
    yield Gate("proof.kernel", vmcore.release == release, said)
    yield _time(crashed, vmcore.crash_time)


def _time(crashed: Crashed, when: int | None) -> Gate:
    """By the node's own clock, before the crash and in the dump: ours does not come into it."""
    if when is None:
        return Gate("proof.time", holds=False, said="the vmcore does not say when the kernel crashed")
    late = when - crashed.before.clock
    if 0 <= late + 1 <= _LATEST + 1:
        return Gate("proof.time", holds=True, said=f"crashed {max(late, 0)} s after it was looked at last")
    other = f"{-late} s before" if late < 0 else f"{late} s after"
    return Gate("proof.time", holds=False, said=f"of a crash {other} the node was looked at last, not of this one")


def _of_directory(crashed: Crashed, left: Left, details: Details) -> Iterator[Gate]:
    if details.marked:
        yield Gate("proof.marker", holds=True, said=f"{details.log} has the mark {crashed.marker}")
    else:
        log = f"{details.log} is of another crash" if details.log else "no kernel log was saved"
        yield Gate("proof.marker", holds=False, said=f"{log}: the mark {crashed.marker} is not in it")
    problem = details.dump.problem
    if left.place.readme:
        yield Gate("proof.readme", not problem, problem or "README.txt says that it was saved")
    else:
        yield Gate("proof.named", not problem, problem or "its files have the names of what was saved to its end")
    if left.keeps_symbols and left.settings.get("KDUMP_COPY_KERNEL", "").lower() in _COPIES:
        yield _symbols(crashed, [name for name, _ in details.files])
    seen = "the same vmcore" if details.shown else f"it lies in {details.path}, where nobody looks"
    yield Gate("proof.in-view", details.shown, f"{seen} as {left.view}/{details.name}" if details.shown else seen)
    if not left.place.hooked:
        return
    way = "the link on ROOTRAID leads to it" if details.linked else "the link on ROOTRAID does not lead to it"
    yield Gate("proof.linked", details.linked, way)


def _symbols(crashed: Crashed, names: Collection[str]) -> Gate:
    release = crashed.before.release
    found = [name for name in names if name.startswith((f"vmlinux-{release}", f"System.map-{release}"))]
    return Gate("proof.symbols", len(found) >= 2, " and ".join(sorted(found)) or "neither vmlinux nor System.map")


def back(crashed: Crashed, after: Survey, unit: str) -> list[Gate]:
    """Whether the node is back, and would dump again."""
    again = after.boot_id != crashed.before.boot_id
    return [
        Gate("proof.back", again, "booted again" if again else "it has not booted since"),
        Gate(
            "proof.armed",
            after.armed,
            f"{unit} is {after.unit}, {'' if after.loaded else 'no '}capture kernel loaded",
        ),
    ]
