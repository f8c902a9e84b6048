# SPDX-License-Identifier: Apache-2.0
"""Whom nobody resets by accident: the machine we run on."""

from __future__ import annotations

# The first master is called ncn-m001-pit while the system is installed from it.
_DISGUISES = ("-pit",)


def is_this_machine(node: str, hostname: str) -> bool:
    """Whether a node's name is, but for its domain and case, that of this machine."""
    return _short(node) == _short(hostname)


def _short(name: str) -> str:
    label = name.strip().lower().partition(".")[0]
    for disguise in _DISGUISES:
        label = label.removesuffix(disguise)
    return label
