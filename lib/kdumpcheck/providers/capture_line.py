# SPDX-License-Identifier: Apache-2.0
"""The capture kernel's command line, as both lines of SUSE's kdump make it (init/load.sh)."""

from __future__ import annotations

from collections.abc import Mapping

from kdumpcheck.facts.boot import Words


def own_words(settings: Mapping[str, str]) -> Words:
    """The words that the configuration itself gives the capture kernel; what is appended comes after either line."""
    return Words.of(f"{settings.get('KDUMP_COMMANDLINE', '')} {settings.get('KDUMP_COMMANDLINE_APPEND', '')}")


def capture_words(settings: Mapping[str, str], running: Words) -> Words:
    """KDUMP_COMMANDLINE, or the running kernel's own words, and what is appended to either."""
    own = own_words(settings)
    return own if settings.get("KDUMP_COMMANDLINE") else Words(running.words + own.words)


def refused(words: Words) -> frozenset[str]:
    """Modules that the capture kernel itself refuses, whoever asks for them and however.

    It obeys its last list alone, and compares letter by letter with names that have "_" (kernel/module/main.c,
    blacklisted()): one written with "-" keeps nothing out.
    """
    return frozenset(name for name in words.last("module_blacklist").split(",") if name)


def left_out(words: Words) -> frozenset[str]:
    """Modules that a command line keeps out, as the kernel spells them: by the kernel itself, by udev or by dracut."""
    lists = [*words.values("modprobe.blacklist"), *words.values("rd.driver.blacklist")]
    passed_over = frozenset(name.replace("-", "_") for names in lists for name in names.split(",") if name)
    return refused(words) | passed_over
