# SPDX-License-Identifier: Apache-2.0
"""`results.json`: the run as a program reads it, and what every other report could be made from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from kdumpcheck.reporters.directory import whole
from kdumpcheck.results import Run


def write(run: Run, directory: Path) -> Path:
    """Write `results.json` whole or not at all. Raises `OSError`."""
    return whole(directory / "results.json", _lines(run))


def _lines(run: Run) -> Iterator[str]:
    """The document with one record a line: as quick to write as json can, and still readable with grep."""
    separator = "{"
    for key, value in run.document().items():
        yield f"{separator}\n{json.dumps(key)}: "
        if isinstance(value, list):
            yield "[\n" + ",\n".join(json.dumps(record) for record in value) + "\n]"
        else:
            yield json.dumps(value)
        separator = ","
    yield "\n}\n"
