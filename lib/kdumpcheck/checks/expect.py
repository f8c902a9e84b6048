# SPDX-License-Identifier: Apache-2.0
"""The words a check is written with: expect, prefer, not_applicable, could_not_look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NoReturn

from kdumpcheck.evidence import CouldNotLook, Unknown


@dataclass(frozen=True, slots=True)
class Expectation:
    """One thing looked at: what should be, and what is."""

    expected: str
    found: str


class Failed(AssertionError):
    """The node is not as expected."""

    def __init__(self, expectation: Expectation) -> None:
        super().__init__(f"expected {expectation.expected}; found {expectation.found}")
        self.expectation = expectation


class Lacking(Failed):
    """The node would probably dump, but is not as it should be: a warning, whatever the check's severity."""


class NotApplicable(Exception):
    """The check makes no sense on this node; the text says why."""


_met: ContextVar[list[Expectation] | None] = ContextVar("kdumpcheck_expectations", default=None)


def expect(ok: object, *, expected: str, found: str) -> None:
    """Say what should be and what is; the check fails when `ok` is false.

    Both sentences stand in the report whatever comes of it, so that a green line says what was seen.
    """
    _look(ok, _in_words(expected, found), Failed)


def prefer(ok: object, *, expected: str, found: str) -> None:
    """Say what would be better and what is; when `ok` is false the check warns, whatever its severity.

    Put it after every `expect`: what would lose the dump is told first.
    """
    _look(ok, _in_words(expected, found), Lacking)


def _in_words(expected: object, found: object) -> Expectation:
    """A site's check may well say a number: no run is to end by that."""
    return Expectation(str(expected), str(found))


def _look(ok: object, expectation: Expectation, otherwise: type[Failed]) -> None:
    if not ok:
        raise otherwise(expectation)
    met = _met.get()
    if met is not None:
        met.append(expectation)


def not_applicable(reason: str) -> NoReturn:
    """Leave the check: it does not apply to this node, for this reason."""
    raise NotApplicable(reason)


def could_not_look(reason: str) -> NoReturn:
    """Leave the check: what it needs cannot be told, for this reason. That is an error and no word about the node."""
    raise CouldNotLook(Unknown(reason))


@contextmanager
def expectations() -> Iterator[list[Expectation]]:
    """Collect what was expected and met while a check runs."""
    met: list[Expectation] = []
    token = _met.set(met)
    try:
        yield met
    finally:
        _met.reset(token)
