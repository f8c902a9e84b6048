# SPDX-License-Identifier: Apache-2.0
"""Where a BMC answers: a host, perhaps a port, and perhaps the way to speak with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FORM = re.compile(
    r"(?:(?P<scheme>[a-z][a-z0-9-]*)://)?(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[^:\[\]]+)|(?P<bare>[0-9A-Fa-f:.]+))"
    r"(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII,
)
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Address:
    """A BMC's place. `scheme` is the way the inventory names ("ipmi", "redfish", a plugin's), or None."""

    host: str
    port: int | None = None
    scheme: str | None = None

    @classmethod
    def of(cls, text: str) -> Address | None:
        """Take "host", "host:port", "[::1]:623" or "redfish://host" apart; None when it is none of them."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        port = int(found["port"]) if found["port"] else None
        if port is not None and not 1 <= port <= _LAST_PORT:
            return None
        return cls(found["six"] or found["host"] or found["bare"], port, found["scheme"])

    def __str__(self) -> str:
        """Host and port, as a person writes them."""
        if self.port is None:
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
