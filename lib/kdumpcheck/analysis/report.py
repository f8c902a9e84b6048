# SPDX-License-Identifier: Apache-2.0
"""All that is known of a death, and what would tell more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kdumpcheck.analysis.death import Death, read_death
from kdumpcheck.analysis.debuginfo import Package, package_of
from kdumpcheck.analysis.session import Session
from kdumpcheck.analysis.signatures import Signature, recognise
from kdumpcheck.analysis.source import Given
from kdumpcheck.analysis.suspects import Suspect, suspects


@dataclass(frozen=True, slots=True)
class Report:
    """Why a node died, as far as it can be told."""

    given: Given
    death: Death
    known: tuple[tuple[Signature, str], ...]
    """the ways to die that it is known as, each with the words that say so"""
    suspects: tuple[Suspect, ...]
    package: Package | None
    """the debuginfo that crash(8) needs for this kernel"""
    session: Session | None
    """what crash(8) said; None when it was not asked"""

    @property
    def release(self) -> str | None:
        """The kernel that died; the dump's own word goes before the log's."""
        return self.given.release or self.death.release

    @property
    def more(self) -> tuple[str, ...]:
        """What would tell more, a sentence each."""
        return tuple(_more(self))


def analyzed(given: Given, session: Session | None = None, installed: Sequence[str] = ()) -> Report:
    """What a dump tells. `installed` are the kernel packages of its machine, as version-release."""
    log = given.log or (session.log if session is not None else b"")
    death = read_death(log)
    release = given.release or death.release
    package = package_of(release, installed) if release else None
    return Report(given, death, recognise(death), suspects(death), package, session)


def _more(report: Report) -> list[str]:
    given, session, more = report.given, report.session, []
    if report.death.headline is None:
        more.append(
            "The log does not say why the kernel died: it was cut short, or the node was reset without a panic. "
            "Read the BMC's event log and the console of that time."
        )
    if given.directory is None:
        more.append("This is a log alone: the vmcore would tell what every task and CPU did.")
    elif not given.vmcores:
        more.append("There is no vmcore: only the log can be read.")
    elif not given.whole:
        more.append(f"The vmcore is not whole ({given.verdict}): crash(8) may refuse it, or show part of it.")
    if given.directory is not None and given.vmcores and (session is None or session.trouble):
        more.append(session.trouble if session is not None and session.trouble else "crash(8) was not asked.")
        if report.package is not None and (session is None or session.needs_symbols):
            more.append(f"crash(8) needs {report.package} to tell more: {report.package.how}")
    if session is not None:
        more += [f"{session.program} was not sure of itself ({each}): {_doubt(each)}" for each in session.warnings]
    return more


def _doubt(warning: str) -> str:
    """What an operator makes of a warning of crash(8)."""
    if "version inconsistency" in warning:
        return "the kernel image is of another build than the kernel that died, and what is told by it may be wrong."
    return "what it tells may not be all, and a crash(8) or drgn newer than this kernel may tell more."
