# SPDX-License-Identifier: Apache-2.0
"""What an operator knows of and lets pass for a while: a check, nodes, a reason, an owner, and the last day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from kdumpcheck.checks.judge import one_line
from kdumpcheck.nodes import InventoryError
from kdumpcheck.nodes.document import LinedDict, Table, place, read_text
from kdumpcheck.nodes.nodeset import expand
from kdumpcheck.nodes.yamldoc import load_yaml

_KEYS = ("check", "nodes", "reason", "owner", "expires")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of the file. `expires` is the last day on which it holds (UTC); `place` is `file:line`."""

    check: str
    nodes: frozenset[str]
    reason: str
    owner: str
    expires: date
    place: str

    def expired(self, today: date) -> bool:
        """Whether its last day is over."""
        return today > self.expires

    def covers(self, node: str, check: str) -> bool:
        """Whether it speaks of this check on this node."""
        return check == self.check and node in self.nodes


def read_waivers(path: Path) -> list[Waiver]:
    """The waivers of a YAML file, a list under `waivers`. Raises `InventoryError` with file and line."""
    text = read_text(path)
    whole = Table.of(path, "the file of waivers", load_yaml(text, path)).only("waivers")
    entries = whole.entries.get("waivers")
    if not isinstance(entries, list) or not entries:
        whole.fail("waivers", "waivers must be a list of entries (check, nodes, reason, owner, expires)")
    return [_waiver(path, entry, whole.at("waivers")) for entry in entries]


def _waiver(path: Path, entry: object, at: str) -> Waiver:
    if not isinstance(entry, LinedDict):
        raise InventoryError(f"{at}: each waiver must be a mapping (check, nodes, reason, owner, expires)")
    where = place(path, entry.line)
    table = Table.of(path, "a waiver", entry, entry.line).only(*_KEYS)
    texts = {key: (table.text(key) or "").strip() for key in _KEYS[:-1]}
    missing = [key for key, text in texts.items() if not text] + (["expires"] if "expires" not in entry else [])
    if missing:
        raise InventoryError(f"{where}: this waiver says nothing of its {missing[0]}")
    expires = entry["expires"]
    if not isinstance(expires, date) or isinstance(expires, datetime):
        table.fail("expires", "expires must be a date as 2026-12-31")
    try:
        nodes = frozenset(expand(texts["nodes"]))
    except InventoryError as error:
        table.fail("nodes", str(error))
    return Waiver(texts["check"], nodes, one_line(texts["reason"]), one_line(texts["owner"]), expires, where)


def covering(waivers: Iterable[Waiver], node: str, check: str, today: date) -> Waiver | None:
    """The waiver in force for this check on this node, or None."""
    return next((each for each in waivers if each.covers(node, check) and not each.expired(today)), None)


def idle(waivers: Iterable[Waiver], used: Mapping[Waiver, object]) -> list[Waiver]:
    """Those that nothing needed: what they speak of is well, or was not judged."""
    return [waiver for waiver in waivers if waiver not in used]
