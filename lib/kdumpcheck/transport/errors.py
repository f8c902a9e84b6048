# SPDX-License-Identifier: Apache-2.0
"""Why a node could not be looked at: one short kind for programs, one clear line for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kdumpcheck.nodes.errors import NodeError

Kind = Literal[
    "config",  # ssh_config, a key file or an option cannot be used
    "resolve",  # no address is known for the name
    "unreachable",  # no answer at all, or no route
    "refused",  # the address answers, but nothing listens there
    "silent",  # the connection is accepted, then nothing (or nothing more) is said
    "protocol",  # what answers is not an SSH server we can talk to
    "host-key",  # the host key is not known, or not the known one
    "auth",  # no key or password was accepted
    "exec",  # logged in, but the command was not accepted
    "exec-timeout",  # the command did not end in time
    "cut",  # the connection ended early
    "privilege",  # logged in, but not able to become root
    "closed",  # used after close()
]

_SHOWN = 300


@dataclass(frozen=True, slots=True)
class Completed:
    """What one command answered: exit status, stdout, stderr.

    `exit_status` is None when there is none: a signal ended the command, or we stopped listening because
    it said far too much. `truncated` means that stdout or stderr was longer than the limit. `seconds` is
    the time of the command alone; `attempts` are the earlier failures, one line each, that were retried.
    """

    exit_status: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    seconds: float
    attempts: tuple[str, ...] = ()


class TransportError(NodeError[Kind]):
    """A node could not be looked at.

    `attempts` are the earlier failures that were retried, `partial` what a command had said when its connection was cut
    or its time was up.
    """

    def __init__(self, kind: Kind, node: str, text: str, partial: Completed | None = None) -> None:
        super().__init__(kind, node, text)
        self.partial = partial
        self.attempts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The one line, led by the node's name."""
        again = f" (tried {len(self.attempts) + 1} times)" if self.attempts else ""
        return f"{super().__str__()}{again}"


def clean(text: str | bytes) -> str:
    """What a peer said, made safe to show: one line, no control characters, at most 300 characters."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="backslashreplace")
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
