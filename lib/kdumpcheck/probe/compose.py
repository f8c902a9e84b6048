# SPDX-License-Identifier: Apache-2.0
"""Put sections together into the one script that runs on a node."""

from __future__ import annotations

import hashlib
import secrets
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from kdumpcheck.probe import more
from kdumpcheck.probe.section import Section

VERSION = 1
#: No probe may make a node say more than this, whatever checks are selected.
TOTAL_LIMIT = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Probe:
    """A composed probe: the script, and what is needed to read its answer.

    `limit` is the most bytes the answer can have; `digest` names the set of questions, so that two
    pieces of evidence can be told to answer the same ones.
    """

    script: str
    limit: int
    digest: str
    sections: tuple[str, ...]


def compose(sections: Iterable[Section], patience: int = 60) -> Probe:
    """Compose the sections into one script; the same section asked for twice runs once.

    `patience` is how many seconds a section may wait for the node to settle (a unit still starting).

    Raises `ValueError` when two different sections share a name, when there is none at all, or when
    their limits add up to more than `TOTAL_LIMIT` bytes.
    """
    ordered = sorted(_distinct(sections), key=lambda section: not section.first)
    limit = sum(section.limit + 1024 for section in ordered) + 4096
    if not ordered:
        raise ValueError("a probe needs at least one section")
    if limit > TOTAL_LIMIT:
        raise ValueError(f"the sections may answer {limit} bytes together, more than {TOTAL_LIMIT}")
    body = "\n".join(_call(section) for section in ordered)
    digest = hashlib.sha256((more.variables() + body).encode()).hexdigest()[:16]
    return Probe(_script(body, digest, patience), limit, digest, tuple(section.name for section in ordered))


def _distinct(sections: Iterable[Section]) -> list[Section]:
    seen: dict[str, Section] = {}
    for section in sections:
        if seen.setdefault(section.name, section) != section:
            raise ValueError(f"two different sections are called {section.name!r}")
    return list(seen.values())


def _call(section: Section) -> str:
    # The C locale would mangle nothing here: quoting keeps the bytes as they are.
    script = section.script.strip("\n")
    return f"    section {section.name} {section.timeout} {section.limit} {shlex.quote(script)}"


def _script(body: str, digest: str, patience: int) -> str:
    # The mark is random, so no file on a node can hold a line that looks like the frame around it.
    mark = f"--kdumpcheck-{secrets.token_hex(8)}"
    frame = resources.files("kdumpcheck.probe").joinpath("frame.sh").read_text(encoding="utf-8")
    return (
        f"{frame}\n"
        f"mark={mark}\n"
        f"patience={int(patience)}\n"
        "export patience\n"
        f"{more.variables()}"
        "probe() {\n"
        "    prepare\n"
        f'    echo "$mark" probe {VERSION} {digest}\n'
        f"{body}\n"
        '    echo "$mark" "done"\n'
        "}\n"
        "probe\n"
    )
