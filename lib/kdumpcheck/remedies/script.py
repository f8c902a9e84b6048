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
    return around(_file(f"{name}.sh"), settings, functions)


def around(own: str, settings: Mapping[str, str], functions: str = "") -> str:
    """The same of a remedy that brings its functions itself, as a plugin does; they end by calling one of them."""
    assignments = "".join(f"{key}={shlex.quote(value)}\n" for key, value in settings.items())
    return f"{assignments}{functions}{_file('remedy.sh')}\n{own}"


def _file(name: str) -> str:
    return resources.files("kdumpcheck.remedies").joinpath(name).read_text(encoding="utf-8")
