# SPDX-License-Identifier: Apache-2.0
"""The listing for a program: one versioned document."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any

from kdumpcheck.listing.row import NodeDumps, Row

VERSION = 1


def document(found: Iterable[NodeDumps]) -> dict[str, Any]:
    """All dumps; keys are only ever added while the number at its top stays.

    Sizes are in bytes, times in seconds since 1970; what is not known is null.
    """
    return {"kdumpcheck-dumps": VERSION, "nodes": [_node(each) for each in found]}


def _node(found: NodeDumps) -> dict[str, Any]:
    return {
        "node": found.node,
        "taken": found.taken.astimezone(UTC).isoformat(timespec="seconds"),
        "failure": found.failure,
        "unseen": found.unseen,
        "unlisted": found.unlisted,
        "retention_known": found.retention,
        "dumps": [_dump(row) for row in found.rows],
    }


def _dump(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "place": row.place,
        "visible": row.visible,
        "verdict": None if row.verdict is None else str(row.verdict),
        "problem": row.problem or None,
        "looked": row.looked,
        "size": row.size,
        "release": row.release,
        "crash_time": row.crash_time,
        "panic": row.panic,
        "deleted_by_crash": row.deleted_by,
        "files": list(row.vmcores),
    }
