# SPDX-License-Identifier: Apache-2.0
"""What every way to a node's serial console offers: lines with times."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Protocol, Self

from kdumpcheck.nodes.errors import NodeError

Kind = Literal[
    "config",  # an option, a template, a file or an address cannot be used
    "resolve",  # no address is known for the BMC's name
    "refused",  # the address answers, but nothing listens there
    "silent",  # no answer within the time given
    "auth",  # the user is unknown, or the password is wrong, or the user may not do this
    "locked",  # the BMC takes no more sessions, or none of this user now
    "taken",  # another session holds the console
    "unsupported",  # the BMC has no console over the LAN, or it is switched off
    "protocol",  # what answers is not a BMC we can talk to
    "lost",  # it was there, and is gone
    "ended",  # the program or the file has ended; nothing more will come
    "closed",  # used after close()
]


@dataclass(frozen=True, slots=True)
class Line:
    """What a console showed up to the end of a line, or up to a second in which nothing came.

    `at` is in seconds on the monotonic clock of the controller, and says when the end came. `text` has no control
    sequences, and bytes that are no text are escaped; it is never empty. A `note` is our own word on the console
    (that it was lost, say), not the node's.
    """

    at: float
    text: str
    note: bool = False


class Console(Protocol):
    """One node's console, which is only listened to; closed at the end of a `with`."""

    @property
    def where(self) -> str:
        """As in "SOL of ncn-w001-mgmt", for messages."""

    def read(self, seconds: float) -> list[Line]:
        """The lines that have come, at once when there are some, else those of the next `seconds`; [] for none.

        Raises `ConsoleError` when there are none and no more will come, each time it is asked again.
        """

    def close(self) -> None:
        """Leave the console to others; a second time does nothing."""

    def __enter__(self) -> Self:
        """Itself."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""


class ConsoleError(NodeError[Kind]):
    """A console shows nothing (any more)."""
