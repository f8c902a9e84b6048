# SPDX-License-Identifier: Apache-2.0
"""Where a run's reports go: `reports/<UTC time>/`, with `reports/latest` pointing at it."""

from __future__ import annotations

import os
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
        directory = _unused(directory) if chosen is None else directory
        directory.mkdir(parents=True, exist_ok=chosen is not None)
        if chosen is None:
            _point(base / "latest", directory)
    except OSError as error:
        raise ReportError(
            f"{directory}: cannot hold reports ({error.strerror}); give another with --report-dir"
        ) from None
    if not os.access(directory, os.W_OK | os.X_OK):
        raise ReportError(f"{directory}: cannot be written to; give another directory with --report-dir")
    return directory


def _unused(directory: Path) -> Path:
    """The directory itself, or with -2, -3, ... when a run of the same second has it."""
    candidates = [directory, *(directory.with_name(f"{directory.name}-{number}") for number in range(2, 1000))]
    return next(candidate for candidate in candidates if not candidate.exists())


def _point(link: Path, directory: Path) -> None:
    temporary = link.with_name(f".latest.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(directory.name)
    temporary.replace(link)
