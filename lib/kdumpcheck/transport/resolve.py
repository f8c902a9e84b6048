# SPDX-License-Identifier: Apache-2.0
"""Looking up a name, with a deadline that the C library's resolver does not have."""

from __future__ import annotations

import socket
import threading
from collections.abc import Sequence
from contextlib import suppress

from kdumpcheck.transport.deadline import Deadline

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]

_SLICE = 0.25


def addresses(
    host: str,
    port: int,
    family: socket.AddressFamily,
    deadline: Deadline,
    stop: threading.Event | None = None,
) -> Sequence[Address]:
    """The addresses of a host; `OSError` if there is none, or none is found before the deadline or `stop`."""
    with suppress(OSError, UnicodeError):
        return _lookup(host, port, family, socket.AI_NUMERICHOST)
    # The resolver cannot be told how long to try, so it is left behind when it takes too long.
    answers: list[Sequence[Address] | OSError] = []

    def ask() -> None:
        try:
            answers.append(_lookup(host, port, family, 0))
        except (OSError, UnicodeError) as error:
            answers.append(error if isinstance(error, OSError) else OSError(str(error)))

    thread = threading.Thread(target=ask, name="kdumpcheck-resolve", daemon=True)
    thread.start()
    while thread.is_alive() and not deadline.expired and not (stop and stop.is_set()):
        thread.join(min(_SLICE, deadline.remaining()))
    answer = answers[0] if answers else TimeoutError("no answer from the name service in time")
    if isinstance(answer, OSError):
        raise answer
    return answer


def _lookup(host: str, port: int, family: socket.AddressFamily, flags: int) -> Sequence[Address]:
    found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=flags)
    # The stubs allow for the addresses of a Python built without IPv6, which are not text.
    return [each for each in found if isinstance(each[4][0], str)]  # type: ignore[misc]
