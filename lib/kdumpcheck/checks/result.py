# SPDX-License-Identifier: Apache-2.0
"""The outcome of one check on one node."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What came of a check. "error" means it could not be told; it is never a word about the node."""

    PASS = "pass"  # noqa: S105 - the word of the contract, not a password
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"
    RECOVERED = "recovered"


class Severity(StrEnum):
    """How bad a broken check is. "fail": a crash now would lose the dump. "warn": it would probably work."""

    FAIL = "fail"
    WARN = "warn"


_MEND = "Mend it where the image is made, and build the image anew."


def in_the_image(instruction: str) -> str:
    """What to do where a node is only an image, or there to judge one: a repair of it would mend nothing."""
    return f"{_MEND} On a node it would be: {instruction}" if instruction else _MEND


@dataclass(frozen=True, slots=True)
class Result:
    """One check's word on one node, complete enough to act on without looking anywhere else.

    `message` is one line; `remedy` the id of a repair that could mend it, `refused` why that repair is not for this
    node's kdump ("" where it is); `instruction` what a person does; `seconds` how long judging took; `cause` the check
    whose failure explains this one's, which is then a skip.
    """

    node: str
    check: str
    title: str
    outcome: Outcome
    message: str = ""
    expected: str = ""
    found: str = ""
    remedy: str | None = None
    instruction: str = ""
    source: str = ""
    seconds: float = 0.0
    cause: str = ""
    refused: str = ""

    @property
    def offered(self) -> str | None:
        """The id of a repair that could mend it here; None where a person must."""
        return None if self.refused else self.remedy
