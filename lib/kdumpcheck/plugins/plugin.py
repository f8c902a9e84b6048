# SPDX-License-Identifier: Apache-2.0
"""One plugin as it was found, whether it is used, and why not."""

from __future__ import annotations

from dataclasses import dataclass


class PluginError(Exception):
    """A plugin cannot be used, and so nothing is begun; the text is one line: file, line, and what to do."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """One file that adds something."""

    kind: str
    """as in `providers`"""
    name: str
    layer: str
    """`built in`, `entry point NAME` or `--plugin-dir DIR`"""
    module: str
    """the file, or the module's name"""
    replaced_by: str = ""
    """the module that took its place; "" while it is in use"""
