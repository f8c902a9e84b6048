# SPDX-License-Identifier: Apache-2.0
"""Put a script for the node together: its settings, and the files of shell that stand beside this one."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib import resources


def compose(settings: Mapping[str, str], *files: str, call: str = "") -> str:
    """The text of the files with the settings before them, whatever characters those have; `call` is the last line."""
    room = resources.files("kdumpcheck.crash")
    lines = "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
    return lines + "\n".join(room.joinpath(file).read_text(encoding="utf-8") for file in files) + call
