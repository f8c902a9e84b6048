# SPDX-License-Identifier: Apache-2.0
"""`results.json`: the run as a program reads it, and what every other report can be made from."""

from __future__ import annotations

import json
from collections.abc import Iterator

from kdumpcheck.reporters.reporter import Gate, Reporter
from kdumpcheck.results import Run


def render(run: Run, _: Gate = Gate()) -> str:  # noqa: B008 - frozen, so that it may be shared
    """The document of the run."""
    return "".join(_lines(run))


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


REPORTER = Reporter("json", "results.json", "the versioned document, which all others are made from", render)
