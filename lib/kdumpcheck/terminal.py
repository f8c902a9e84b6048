# SPDX-License-Identifier: Apache-2.0
"""What a machine shows on its console, as text that does nothing to the terminal it is printed on."""

from __future__ import annotations

import re
from typing import Final

# systemd colours its lines and names them, firmware moves the cursor about: none of it means anything in a log
# (ECMA-48, sections 5.3 to 5.6).
_STRING: Final = r"\x1b[\]PX^_][^\x00-\x1f\x7f]{0,1000}(?:\x07|\x1b\\)"
_SEQUENCE: Final = r"\x1b\[[0-?]{0,100}[ -/]{0,10}[@-~]"
_SHORT: Final = r"\x1b[ -/]{0,10}[0-OQ-WYZ\\`-~]"
_ORDERS: Final = re.compile(f"{_STRING}|{_SEQUENCE}|{_SHORT}")


def plain(output: bytes) -> str:
    """Console output as text: its control sequences are gone, and what is no text is escaped."""
    text = output.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    text = _ORDERS.sub("", text)
    return "".join(char if char.isprintable() or char in "\n\t" else ascii(char)[1:-1] for char in text)
