# SPDX-License-Identifier: Apache-2.0
"""One node: its name, where to dial it, what it is for, and where its BMC answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROLES = {"m": "master", "w": "worker", "s": "storage"}

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?", re.ASCII)
_NCN = re.compile(r"ncn-([mws])[0-9]+", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
# No blanks, quotes, '@' or leading '-': the value may one day stand in a URL or beside an option.
_ADDRESS = re.compile(r"[A-Za-z0-9_\[:][A-Za-z0-9._:%\[\]-]*", re.ASCII)
_HOSTSPEC = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\x00-\x1f\x7f]*", re.ASCII)


class InventoryError(ValueError):
    """The inventory or the node set cannot be used; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine to look at, and how to reach it and its BMC.

    Everything but `name` may be left out: `address`, `port` and `user` then come from the operator's
    ssh_config, `role` from an `ncn-m001` style name, and the BMC from CSM's `<name>-mgmt` custom.
    Raises `InventoryError` when a value could not be a host name, an address, a port (1-65535) or a word.
    """

    name: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    role: str | None = None
    bmc: str | None = None
    hostspec: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be right, and fill the role in from the name."""
        self._require("name", _NAME)
        for field, pattern in (("address", _ADDRESS), ("bmc", _ADDRESS), ("user", _WORD), ("role", _WORD)):
            self._require(field, pattern)
        self._require("hostspec", _HOSTSPEC, limit=4096)
        if self.port is not None and not 1 <= self.port <= 65535:
            raise InventoryError(f"{self.name}: port {self.port} is not between 1 and 65535")
        if self.role is None:
            object.__setattr__(self, "role", role_of(self.name))

    def _require(self, field: str, pattern: re.Pattern[str], limit: int = 253) -> None:
        value: str | None = getattr(self, field)
        if value is None:
            return
        if len(value) > limit or not pattern.fullmatch(value):
            shown = ascii(value if len(value) <= 60 else value[:57] + "...")
            owner = "node" if field == "name" else ascii(self.name).strip("'")
            raise InventoryError(f"{owner}: {shown} is not a usable {field}")

    @property
    def bmc_address(self) -> str:
        """Where the BMC answers, as "host" or "host:port": the inventory's word, else `<name>-mgmt`."""
        return self.bmc if self.bmc is not None else f"{self.name}-mgmt"


def role_of(name: str) -> str | None:
    """The role an NCN's name tells ("master", "worker", "storage"), or None for any other name."""
    found = _NCN.fullmatch(name)
    return ROLES[found[1]] if found else None
