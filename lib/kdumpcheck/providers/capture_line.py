# SPDX-License-Identifier: Apache-2.0
"""The capture kernel's command line, as both lines of SUSE's kdump make it (init/load.sh)."""

from __future__ import annotations

from collections.abc import Mapping

from kdumpcheck.facts.boot import Words


def own_words(settings: Mapping[str, str]) -> Words:
    """The words that the configuration itself gives the capture kernel."""
    return Words.of(settings.get("KDUMP_COMMANDLINE", "") or settings.get("KDUMP_COMMANDLINE_APPEND", ""))


def capture_words(settings: Mapping[str, str], running: Words) -> Words:
    """KDUMP_COMMANDLINE, or the running kernel's own words and what is appended to them."""
    own = own_words(settings)
    return own if settings.get("KDUMP_COMMANDLINE") else Words(running.words + own.words)


def left_out(words: Words) -> frozenset[str]:
    """Modules that a command line keeps out, as the kernel spells them: by the kernel itself, by udev or by dracut."""
    # The kernel obeys its last list alone; the others add up.
    lists = [
        words.last("module_blacklist"),
        *words.values("modprobe.blacklist"),
        *words.values("rd.driver.blacklist"),
    ]
    return frozenset(name.replace("-", "_") for names in lists for name in names.split(",") if name)
