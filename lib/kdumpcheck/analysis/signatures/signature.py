# SPDX-License-Identifier: Apache-2.0
"""What a known way to die is: one file of this directory each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from kdumpcheck.analysis.death import Death


@dataclass(frozen=True, slots=True)
class Signature:
    """A known way to die: how it is told, what it is, and what to do."""

    name: str
    """short and stable"""
    title: str
    meaning: str
    """what happened, for an operator"""
    todo: str
    """what to do about it"""
    source: str
    """document, commit or kernel file"""
    matches: Callable[[Death], str | None]
    """the words of the log by which it is told; None when it is not this"""


def panicked(pattern: str) -> Callable[[Death], str | None]:
    """A death whose panic or headline says this."""
    wanted = re.compile(pattern)

    def matches(death: Death) -> str | None:
        return next((text for text in (death.panic, death.headline) if text and wanted.search(text)), None)

    return matches


def said(pattern: str) -> Callable[[Death], str | None]:
    """A death in whose story, from the first bad line on, a line says this."""
    wanted = re.compile(pattern)

    def matches(death: Death) -> str | None:
        return _first(wanted, death.story)

    return matches


def told(pattern: str) -> Callable[[Death], str | None]:
    """The same, also in the last messages before it."""
    wanted = re.compile(pattern)

    def matches(death: Death) -> str | None:
        return _first(wanted, (*death.story, *death.before)) if death.headline else None

    return matches


def stack_in(*modules: str) -> Callable[[Death], str | None]:
    """A death that happened in one of these modules, or was called from there."""

    def matches(death: Death) -> str | None:
        return next((str(frame) for frame in death.frames if frame.sure and frame.module in modules), None)

    return matches


def _first(wanted: re.Pattern[str], lines: Iterable[str]) -> str | None:
    return next((line.strip() for line in lines if wanted.search(line)), None)
