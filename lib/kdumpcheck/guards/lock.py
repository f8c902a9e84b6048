# SPDX-License-Identifier: Apache-2.0
"""The lock on a node, by which two operators cannot work on it at once: /run/kdumpcheck.lock, for people to read.

It is taken with O_EXCL, names its owner, and expires: what a killed run left does not last for ever. It ends with a
boot, so whoever reboots a node takes it again afterwards.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from kdumpcheck.facts.lines import pairs
from kdumpcheck.guards.gate import Gate
from kdumpcheck.guards.owner import Owner, is_gone

NAME = "guard.lock"
LOCK = "/run/kdumpcheck.lock"
#: Seconds that a repair of an earlier run, which goes on by itself, is waited for: as long as the longest may take.
PATIENCE = 1800
_ASKING = 60

#: Runs a script as root on the node, within so many seconds; its standard output. Raises `TransportError`.
Run = Callable[[str, float], bytes]


@dataclass(frozen=True, slots=True)
class NodeLock:
    """The lock on one node, for one run of kdumpcheck."""

    run: Run
    owner: Owner

    def take(self, purpose: str, seconds: float) -> Gate:
        """Take it for so many seconds, or take it again; a gate that says who has it where it is taken.

        A lock of a process of this very machine that has ended is taken over. Raises `TransportError`.
        """
        found = self._ask("take", purpose, seconds)
        holder = found.get("token", "")
        if found.get("result") == "held" and is_gone(holder, self.owner.host):
            found = self._ask("take", purpose, seconds, over=holder)
        said = found.get("comment") or "the node gave no answer"
        if found.get("result") == "taken":
            return Gate(NAME, holds=True, said=f"taken at {said}")
        if found.get("result") == "held":
            hint = f" (to break it: rm {LOCK} on the node)" if holder else ""
            return Gate(NAME, holds=False, said=f"the node is locked by {said}{hint}")
        return Gate(NAME, holds=False, said=said)

    def give_back(self) -> None:
        """Give it back; where it is another's by now, nothing happens. Raises `TransportError`."""
        self._ask("give_back", "", 0)

    def _ask(self, act: str, purpose: str, seconds: float, over: str = "-") -> dict[str, str]:
        settings = {
            "act": act,
            "token": self.owner.token,
            "note": self.owner.note(purpose),
            "seconds": str(int(seconds)),
            "over": over,
            "patience": str(PATIENCE),
        }
        lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
        text = resources.files("kdumpcheck.guards").joinpath("lock.sh").read_text(encoding="utf-8")
        answer = self.run(lines + text, (PATIENCE if act == "take" else 0) + _ASKING)
        return pairs(answer.decode("utf-8", errors="backslashreplace"))
