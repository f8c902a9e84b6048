# SPDX-License-Identifier: Apache-2.0
"""How an implementation builds a new initrd without touching the one in use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """A command that builds an initrd beside the one in use, and where it leaves what it makes.

    `kernel` is the image it builds for. What an implementation keeps beside its initrds to know when one is stale, as a
    link to that image, it makes as `new_link`, which then takes the place of `link`. `directory` is made before and
    removed afterwards. "" stands for "none" in all of them.
    """

    command: tuple[str, ...]
    kernel: str
    initrd: str
    link: str = ""
    new_link: str = ""
    directory: str = ""
    paired: bool = True
    """whether `link` belongs to its initrd, and comes back with an old one; else it only says what was seen last"""
