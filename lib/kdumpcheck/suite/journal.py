# SPDX-License-Identifier: Apache-2.0
"""The journal of a run with --apply: what was begun on which node, written down before it is begun.

A run that was killed leaves it in its report directory, so that the next one can say what was in the middle.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from kdumpcheck.checks.judge import one_line

FILE = "journal.jsonl"
#: The newest runs that are asked, and how much is read of each: what is older has been seen or does not matter.
_RUNS, _BYTES = 200, 1 << 20


class Journal:
    """Appends to the journal; each line is on the disk before the next thing is done."""

    def __init__(self, directory: Path | None) -> None:
        """`directory` is that of the reports; None keeps no journal."""
        self._path = directory / FILE if directory is not None else None
        self._lock = Lock()

    def write(self, event: str, node: str, remedy: str = "", said: str = "") -> None:
        """Write an event ("looked", "begun", "ended", "lost") down. Raises `OSError`: then nothing must be begun."""
        if self._path is None:
            return
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        line = {"at": moment, "event": event, "node": node, "remedy": remedy, "said": one_line(said)}
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A repair that an earlier run began and did not see the end of."""

    node: str
    remedy: str
    at: str
    run: str
    """the directory of that run's reports"""

    def __str__(self) -> str:
        """The note for the operator."""
        return (
            f"note: a run was cut off while {self.remedy} was at work on {self.node} ({self.at}, {self.run}); "
            "it finished or undid its work there, or will when it is run again"
        )


def unfinished(reports: Path, nodes: Iterable[str]) -> list[Unfinished]:
    """What earlier runs left in the middle on these nodes: those whose last event of all journals is a beginning."""
    last: dict[str, Unfinished | None] = {}
    try:
        runs = sorted(path for path in reports.iterdir() if path.is_dir() and not path.is_symlink())[-_RUNS:]
    except OSError:
        return []
    for event, run in ((event, path) for path in runs for event in _events(path / FILE)):
        begun = event["event"] == "begun"
        last[event["node"]] = Unfinished(event["node"], event["remedy"], event["at"], run.name) if begun else None
    return [found for node in nodes if (found := last.get(node)) is not None]


def _events(path: Path) -> list[dict[str, str]]:
    try:
        with path.open("rb") as file:
            lines = file.read(_BYTES).decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return [event for line in lines if (event := _event(line)) is not None]


def _event(line: str) -> dict[str, str] | None:
    # The last line of a killed run may be half of one.
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    keys = ("at", "event", "node", "remedy")
    if not isinstance(found, dict) or not all(isinstance(found.get(key), str) for key in keys):
        return None
    return {key: one_line(found[key]) for key in keys}
