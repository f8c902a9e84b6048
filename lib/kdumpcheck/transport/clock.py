# SPDX-License-Identifier: Apache-2.0
"""A steady clock for paramiko, which measures its patience with the wall clock.

When that is set forward (a node's controller has just found its time server), paramiko takes every wait that is under
way for a time-out; set back, its waits and keepalives last that much longer.
"""

from __future__ import annotations

import time

from paramiko import auth_handler, buffered_pipe, channel, packet, transport


class _Steady:
    """The module `time` for a module of paramiko: `time()` is only ever compared with itself there."""

    time = staticmethod(time.monotonic)

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


def keep_steady() -> None:
    """Let paramiko's own waits follow the monotonic clock, as ours do."""
    for module in (auth_handler, buffered_pipe, channel, packet, transport):
        module.time = _Steady()  # type: ignore[attr-defined] # a module's own import
