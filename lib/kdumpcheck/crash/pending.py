# SPDX-License-Identifier: Apache-2.0
"""Crashes whose end nobody has seen yet, each a file: with it a later run goes on where an earlier one was stopped."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kdumpcheck.crash.crashed import Crashed
from kdumpcheck.paths import whole


class PendingError(Exception):
    """A record of a crash cannot be read or written; the text is one line."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A directory with one file for each node whose crash is not over."""

    directory: Path

    def write(self, crashed: Crashed) -> None:
        """Remember a crash that is about to be made. Raises `PendingError`."""
        try:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            whole(self._file(crashed.node), [json.dumps(crashed.to_json(), indent=1), "\n"])
        except OSError as error:
            raise PendingError(f"{self._file(crashed.node)}: cannot be written ({error.strerror})") from None

    def read(self, node: str) -> Crashed | None:
        """The crash of a node that is not over; None when there is none. Raises `PendingError`."""
        try:
            return Crashed.of_json(json.loads(self._file(node).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            what = error.strerror if isinstance(error, OSError) else error
            raise PendingError(f"{self._file(node)}: cannot be read ({what}); remove it to begin anew") from None

    def forget(self, node: str) -> None:
        """The crash is over."""
        with suppress(OSError):
            self._file(node).unlink()

    def _file(self, node: str) -> Path:
        return self.directory / f"{node}.json"
