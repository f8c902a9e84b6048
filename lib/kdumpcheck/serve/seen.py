# SPDX-License-Identifier: Apache-2.0
"""What is answered: the last run that came to its end, and whether it is good and fresh. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: After this many intervals without a new run the old one is no word about today.
_STALE = 3


@dataclass(frozen=True, slots=True)
class Page:
    """A file as it is sent."""

    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What one run left. `at` is when it ended, on the monotonic clock; `reason` one line, "" for a good run."""

    at: float
    reason: str
    pages: Mapping[str, Page] = field(default_factory=dict)


NOTHING = Seen(0.0, "no run has come to its end yet")


def answer(path: str, seen: Seen, now: float, every: float) -> tuple[int, Page]:
    """Status and page for a path; only what the last run left is ever told."""
    reason = seen.reason
    if seen is not NOTHING and now - seen.at > _STALE * every:
        reason = f"the last run ended {now - seen.at:.0f} s ago, and one is due every {every:.0f} s"
    if path == "/healthz":
        return (503, _line(reason)) if reason else (200, _line("ok"))
    page = seen.pages.get(path)
    if page is not None:
        return 200, page
    known = path in {"/", "/metrics", "/results.json"}
    return (503, _line(reason or "the last run left no such page")) if known else (404, _line("no such page"))


def _line(text: str) -> Page:
    return Page("text/plain; charset=utf-8", f"{text}\n".encode("utf-8", "backslashreplace"))
