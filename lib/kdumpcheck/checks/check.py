# SPDX-License-Identifier: Apache-2.0
"""A check: a function over facts, and what an operator must know about it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

from kdumpcheck.checks.result import Severity
from kdumpcheck.facts import FACTS

_ID = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)+", re.ASCII)
#: Names a check may ask for that are not facts: the kdump implementation on the node.
PROVIDER = "kdump"
_MARK = "__kdumpcheck_check__"

Stage = Literal["both", "node", "image"]
Function = TypeVar("Function", bound=Callable[..., None])


class CheckDefinitionError(ValueError):
    """A check is not written as it must be; the text says which and why."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its stable id, what it tells an operator, and the function that judges.

    `needs` are the names of the facts it is given; `follows` the ids of checks whose failure explains its own,
    so that one cause is reported once; `providers` the implementations it applies to (empty: all). `judges` says
    whether it is asked of nodes that run, of images that no node has booted, or of both.
    """

    id: str
    title: str
    source: str
    function: Callable[..., None]
    needs: tuple[str, ...]
    severity: Severity = Severity.FAIL
    remedy: str | None = None
    instruction: str = ""
    follows: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    judges: Stage = "both"

    def __post_init__(self) -> None:
        """Refuse a check that an operator could not act on."""
        if not _ID.fullmatch(self.id):
            raise CheckDefinitionError(f"check id {self.id!r} is not lower-case words joined by dots")
        if not self.title or not self.source:
            raise CheckDefinitionError(f"check {self.id}: needs a title and a source")
        if not self.remedy and not self.instruction:
            raise CheckDefinitionError(f"check {self.id}: needs a remedy or an instruction")
        if not isinstance(self.severity, Severity):
            raise CheckDefinitionError(
                f"check {self.id}: severity is Severity.FAIL or Severity.WARN, not {self.severity!a:.40}"
            )
        tuples: dict[str, object] = {"follows": self.follows, "providers": self.providers}
        for name, words in tuples.items():
            if isinstance(words, str):
                raise CheckDefinitionError(f"check {self.id}: {name} is one string, {words!a:.40}: write a tuple")
        unknown = [name for name in self.needs if name not in FACTS and name != PROVIDER]
        if unknown:
            known = ", ".join(sorted({*FACTS, PROVIDER}))
            raise CheckDefinitionError(f"check {self.id}: no fact is called {unknown[0]!r} (there are {known})")

    @property
    def line(self) -> int:
        """Where the check begins in its file."""
        return self.function.__code__.co_firstlineno

    @property
    def place(self) -> str:
        """File and line of the check; the same for one file read twice."""
        return f"{self.function.__code__.co_filename}:{self.line}"

    @property
    def explanation(self) -> str:
        """What its author says of it beyond the title: the function's docstring, "" when there is none."""
        return inspect.getdoc(self.function) or ""

    @property
    def background(self) -> str:
        """What its file says of all checks in it: the module's docstring, "" when there is none."""
        return inspect.cleandoc(self.function.__globals__.get("__doc__") or "")


def check(
    check_id: str,
    *,
    title: str,
    source: str,
    severity: Severity = Severity.FAIL,
    remedy: str | None = None,
    instruction: str = "",
    follows: tuple[str, ...] = (),
    providers: tuple[str, ...] = (),
    judges: Stage = "both",
) -> Callable[[Function], Function]:
    """Make a test function a check. Its arguments name the facts it judges; it touches nothing else.

    Raises `CheckDefinitionError` at import when something an operator needs is missing.
    """

    def mark(function: Function) -> Function:
        definition = Check(
            id=check_id,
            title=title,
            source=source,
            function=function,
            needs=tuple(inspect.signature(function).parameters),
            severity=severity,
            remedy=remedy,
            instruction=instruction,
            follows=follows,
            providers=providers,
            judges=judges,
        )
        setattr(function, _MARK, definition)
        return function

    return mark


def check_of(function: object) -> Check | None:
    """The check a test function was made into, or None for any other object."""
    found = getattr(function, _MARK, None) if inspect.isfunction(function) else None
    return found if isinstance(found, Check) else None
