# SPDX-License-Identifier: Apache-2.0
"""Why an errand to a BMC ends before it is done."""

from __future__ import annotations


class Trouble(Exception):
    """The errand ends here; a kind and a text for the parent (`power/outcome.py`, `power/console.py`)."""

    def __init__(self, kind: str, text: str = "") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
