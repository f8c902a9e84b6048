# SPDX-License-Identifier: Apache-2.0
"""Put a remedy's script together: its settings, what all remedies share, and its own functions."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from importlib import resources

#: Seconds that building an initrd, or one restart of kdump, may take: 10-30 on metal, 120 in an emulated node.
PATIENCE = 300


def compose(name: str, settings: Mapping[str, str], functions: str = "") -> str:
    """The script of the remedy in the file `name`.sh, whatever characters the settings have in them.

    `functions` is shell of a remedy that has a list of things to do.
    """
    files = resources.files("kdumpcheck.remedies")
    assignments = "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
    shared, own = (files.joinpath(file).read_text(encoding="utf-8") for file in ("remedy.sh", f"{name}.sh"))
    return f"{assignments}{functions}{shared}\n{own}"
