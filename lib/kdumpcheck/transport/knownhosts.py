# SPDX-License-Identifier: Apache-2.0
"""known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT), parsed once and indexed by name.

Not paramiko's HostKeys: it compares every new line with every earlier one (5,000 lines take seconds for each
connection), forgets file and line, and does not know @revoked and @cert-authority.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kdumpcheck.transport.patterns import is_pattern, matches

_MARKERS = ("@cert-authority", "@revoked")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: whose key it is, and which. `marker` is "", "@cert-authority" or "@revoked"."""

    where: str
    marker: str
    names: tuple[str, ...]
    kind: str
    blob: bytes


def parse(text: str, name: str) -> Iterator[Entry]:
    """The entries of one file; lines that are not entries are passed over, as OpenSSH does."""
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        marker = words.pop(0) if words and words[0] in _MARKERS else ""
        if len(words) < 3 or words[0].startswith(("#", "@")):
            continue
        try:
            blob = base64.b64decode(words[2], validate=True)
        except (binascii.Error, ValueError):
            continue
        yield Entry(f"{name}:{number}", marker, tuple(words[0].split(",")), words[1], blob)


def hash_name(name: str, salt: bytes | None = None) -> str:
    """A name as HashKnownHosts writes it: |1|salt|HMAC-SHA1(salt, name)."""
    salt = os.urandom(20) if salt is None else salt
    digest = hmac.digest(salt, name.encode(), "sha1")
    return f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"


class KnownHosts:
    """The entries of one file, found by name: plain names at once, patterns and hashed names by trying."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._plain: defaultdict[str, list[Entry]] = defaultdict(list)
        self._patterns: list[Entry] = []
        self._hashed: list[tuple[bytes, bytes, Entry]] = []
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """File one entry."""
        if any(is_pattern(name) for name in entry.names):
            self._patterns.append(entry)
            return
        for name in entry.names:
            if name.startswith("|1|"):
                self._hashed.extend(_hashed(name, entry))
            else:
                self._plain[name.lower()].append(entry)

    def find(self, name: str) -> list[Entry]:
        """Every entry that speaks of this name."""
        plain = self._plain.get(name, [])
        patterns = [each for each in self._patterns if matches(name, [n.lower() for n in each.names])]
        wanted = name.encode()
        hashed = [entry for salt, digest, entry in self._hashed if hmac.digest(salt, wanted, "sha1") == digest]
        return [*plain, *patterns, *hashed]


def _hashed(name: str, entry: Entry) -> Iterator[tuple[bytes, bytes, Entry]]:
    parts = name.split("|")
    try:
        yield base64.b64decode(parts[2]), base64.b64decode(parts[3]), entry
    except (IndexError, binascii.Error, ValueError):
        return
