# SPDX-License-Identifier: Apache-2.0
"""One node: its name, where to dial it, what it is for, and where its BMC answers."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROLES = {"m": "master", "w": "worker", "s": "storage"}

# RFC 1123 host names, with the underscore that container and test names use; a label is at most 63 long.
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NCN = re.compile(r"ncn-([mws])[0-9]+", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)
# No blanks, quotes, '@' or leading '-': the value may one day stand in a URL or beside an option.
_ADDRESS = re.compile(r"[A-Za-z0-9_\[:][A-Za-z0-9._:%\[\]-]*", re.ASCII)
# A BMC may also say in which way it is spoken with; which ways there are, plugins have a say in.
_BMC = re.compile(rf"(?:[a-z][a-z0-9-]*://)?{_ADDRESS.pattern}", re.ASCII)
_HOSTSPEC = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\x00-\x1f\x7f]*", re.ASCII)
_PASSWORD_IN_URL = re.compile(r"//[^/@]*:[^/]*@")
_PASSWORD_BESIDE = re.compile(r"(pass\w*\s*[=:]).+", re.IGNORECASE | re.DOTALL)
_PATH = re.compile(r"[^\x00-\x1f\x7f]+")
_BMC_USER = re.compile(r"[!-~]{1,16}", re.ASCII)
_CONSOLE = re.compile(r"sol|(?:file|command):[^\x00-\x1f\x7f]+")
_PATTERNS = {
    "address": _ADDRESS,
    "bmc": _BMC,
    "user": _WORD,
    "role": _WORD,
    "hostspec": _HOSTSPEC,
    "identity_file": _PATH,
    "bmc_user": _BMC_USER,
    "bmc_password_file": _PATH,
    "console": _CONSOLE,
}
NO_PASSWORD = "no password in an inventory: put a BMC's into a file of mode 0600, named by bmc_password_file"  # noqa: S105 - a sentence
_NAME_LIMIT = 253
_VALUE_LIMIT = 4096


class InventoryError(ValueError):
    """The inventory or the node set cannot be used; the text is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Node:
    """One machine to look at, and how to reach it and its BMC.

    Everything but `name` may be left out: `address`, `port`, `user` and `identity_file` (a private key's
    path) then come from the operator's ssh_config, `role` from an `ncn-m001` style name, and the BMC from
    CSM's `<name>-mgmt` custom. `bmc_user` and `bmc_password_file` are for a BMC that takes another login than the
    others; `console` says how its console is listened to (`sol`, `file:PATH`, `command:WORDS`).
    A `hostspec` is a testinfra one (`local://`, `chroot:///mnt`) instead of ssh.
    Raises `InventoryError` when a value could not be a host name, an address, a port (1-65535) or a word.
    """

    name: str
    address: str | None = None
    port: int | None = None
    user: str | None = None
    role: str | None = None
    bmc: str | None = None
    hostspec: str | None = None
    identity_file: str | None = None
    bmc_user: str | None = None
    bmc_password_file: str | None = None
    console: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be right, and fill the role in from the name."""
        check_name(self.name)
        for field, pattern in _PATTERNS.items():
            self._check(field, pattern)
        if self.port is not None and not 1 <= self.port <= 65535:
            raise InventoryError(f"{self.name}: port {self.port} is not between 1 and 65535")
        if self.role is None:
            object.__setattr__(self, "role", role_of(self.name))

    def _check(self, field: str, pattern: re.Pattern[str]) -> None:
        value: str | None = getattr(self, field)
        if value is None:
            return
        if _PASSWORD_IN_URL.search(value):
            raise InventoryError(f"{self.name}: a password does not belong in {field}; use a key")
        if len(value) > _VALUE_LIMIT or not pattern.fullmatch(value):
            # `root:secret@host` in the wrong place must not end up in a log.
            shown = "a value with '@'" if "@" in value else quote(value)
            raise InventoryError(f"{self.name}: {shown} is not a usable {field}")

    @property
    def bmc_address(self) -> str:
        """Where the BMC answers ("host", "host:port", "redfish://host"): the inventory's word, else `<name>-mgmt`."""
        return self.bmc if self.bmc is not None else f"{self.name}-mgmt"


def check_name(name: str) -> None:
    """Refuse, with `InventoryError`, what cannot be a host name (RFC 1123 and '_', at most 253 long)."""
    if len(name) > _NAME_LIMIT or not _NAME.fullmatch(name):
        raise InventoryError(f"{quote(name)} is not a usable node name")


def role_of(name: str) -> str | None:
    """The role an NCN's name tells ("master", "worker", "storage"), or None for any other name."""
    found = _NCN.fullmatch(name)
    return ROLES[found[1]] if found else None


def quote(text: str, limit: int = 60) -> str:
    """Foreign text for an error line: quoted, plain ASCII, short, and without a password beside its name."""
    text = _PASSWORD_BESIDE.sub(r"\1...", text)
    return ascii(text if len(text) <= limit else text[: limit - 3] + "...")
