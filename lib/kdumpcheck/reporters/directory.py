# SPDX-License-Identifier: Apache-2.0
"""Where a run's reports go: `reports/<UTC time>/`, with `reports/latest` pointing at it."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path


class ReportError(OSError):
    """A report cannot be written; the text is one line for the operator."""


def make(base: Path, chosen: Path | None, started: datetime) -> Path:
    """Make the directory for this run: `chosen`, or a new one under `base` with `latest` pointing at it.

    Raises `ReportError` when it cannot be made or written to.
    """
    directory = chosen or base / started.strftime("%Y%m%dT%H%M%SZ")
    try:
        if chosen is not None:
            directory.mkdir(parents=True, exist_ok=True)
        else:
            base.mkdir(parents=True, exist_ok=True)
            directory = _made(directory)
            _point(base / "latest", directory)
    except OSError as error:
        raise ReportError(
            f"{directory}: cannot hold reports ({error.strerror}); give another with --report-dir"
        ) from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ReportError(f"{directory}: cannot be written to; give another directory with --report-dir")
    return directory


def _made(directory: Path) -> Path:
    """Make the directory itself, or with -2, -3, ... when a run of the same second has it."""
    for number in range(2, 1000):
        with suppress(FileExistsError):
            directory.mkdir()
            return directory
        directory = directory.with_name(f"{directory.name.partition('-')[0]}-{number}")
    directory.mkdir()
    return directory


def _point(link: Path, directory: Path) -> None:
    # The directory is this run's alone; a process id is not, where containers share a volume.
    temporary = link.with_name(f".latest.{directory.name}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(directory.name)
    temporary.replace(link)
