# SPDX-License-Identifier: Apache-2.0
"""An errand to a BMC, run in a process of its own: the parent's side.

A BMC library that hangs cannot be stopped from within its process, and pyghmi keeps sessions, sockets and a thread for
the whole of one. So each errand gets a fresh interpreter that is killed at the deadline. The order, with the password,
goes in through stdin, and JSON lines come back: {"sent": true} before anything is done that cannot be taken back, and
{"state": "on"} or {"error": KIND, "text": WHY} in the end.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from kdumpcheck.power import child
from kdumpcheck.power.login import without_secrets
from kdumpcheck.power.outcome import Kind, State
from kdumpcheck.transport.deadline import Deadline
from kdumpcheck.transport.errors import clean

_KINDS = get_args(Kind)
# What the worker keeps for itself of the time given, to leave the BMC in good order before it would be killed.
_RESERVE = 0.5


@dataclass(slots=True)
class Report:
    """What a worker has told of its errand. `sent`: from here on the action may have been done."""

    sent: bool = False
    finished: bool = False
    state: State | None = None
    error: Kind | None = None
    text: str = ""

    def hear(self, line: str) -> None:
        """Take one line in; what is not ours is ignored."""
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        self.sent = self.sent or said.get("sent") is True
        if said.get("error") in _KINDS:
            self.error, self.text = said["error"], clean(str(said.get("text", "")))
        elif "state" in said:
            self.finished = True
            self.state = said["state"] if said["state"] in get_args(State) else None


def run(program: Path, order: Mapping[str, object], deadline: Deadline) -> Report:
    """Have a worker do one errand, within the deadline; what it told.

    Raises KeyboardInterrupt, with a text that says whether the action had been sent.
    """
    report = Report()
    seconds = max(0.0, deadline.remaining() - _RESERVE)
    stdin = json.dumps({**order, "seconds": seconds}).encode() + b"\n"
    # -P: our own modules must not stand in for those of the same name that the library imports.
    argv = [sys.executable, "-P", str(program)]
    try:
        ended = child.run(argv, without_secrets(os.environ), stdin, deadline, report.hear)
    except KeyboardInterrupt:
        what = "it had been sent already, and may have been done" if report.sent else "nothing had been sent"
        raise KeyboardInterrupt(what) from None
    if report.error is None and not report.finished:
        report.error = "silent" if ended.status is None else "protocol"
        # The worker never prints what it was told, but a library may have died of it.
        report.text = "" if ended.status is None else f"the errand ended with status {ended.status}"
    return report
