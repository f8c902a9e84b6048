# SPDX-License-Identifier: Apache-2.0
"""`results.json`: the run as a program reads it, and what every other report could be made from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from kdumpcheck.results import Run


def write(run: Run, directory: Path) -> Path:
    """Write `results.json` whole or not at all. Raises `OSError`."""
    path = directory / "results.json"
    temporary = path.with_name(f".results.json.{os.getpid()}")
    try:
        temporary.write_text(json.dumps(run.document(), indent=1) + "\n", encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path
